"""Takes OTLP profiles on 127.0.0.1 as strictly as the protocol allows, and writes down what each request said.

Usage: otlp_receiver.py DIRECTORY [STATUS]

The port is written to DIRECTORY/port. Request N is checked against every rule below with
OpenTelemetry's own generated messages and becomes DIRECTORY/N.tsv, lines of tab-separated
fields: what was wrong ("fault"), and what was in it. Ends with its standard input.
"""

import gzip
import http.server
import os
import sys
import threading
from collections import Counter

from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.profiles.v1development import profiles_service_pb2 as service

TYPES = {
    "mutex": {
        ("contentions", "count"),
        ("delay", "nanoseconds"),
        ("acquisitions", "count"),
        ("hold", "nanoseconds"),
    },
    "mutex_holder": {("delay", "nanoseconds")},
}
BODY_MAX = 4 << 20
SAMPLES_MAX = 16_000


class Request:
    """One request under examination."""

    def __init__(self, path, headers, body):
        self.lines = []
        self.say("path", path)
        for name, value in headers.items():
            self.say("header", name.lower(), value)
        self.expect(headers.get("content-type") == "application/x-protobuf", "content type")
        self.expect(headers.get("content-encoding") == "gzip", "content encoding")
        plain = gzip.decompress(body)
        self.say("len", len(plain))
        self.expect(len(plain) < BODY_MAX, f"{len(plain)} bytes")
        self.message = service.ExportProfilesServiceRequest()
        self.message.ParseFromString(plain)
        self.dictionary = self.message.dictionary
        self.used = {name: {0} for name in self.tables()}
        self.known_fields_only(self.message)
        self.sound_tables()
        self.sound_places()
        self.expect(len(self.message.resource_profiles) == 1, "one resource")
        for resource in self.message.resource_profiles:
            self.resource(resource)
        self.nothing_superfluous()

    def say(self, *fields):
        self.lines.append("\t".join(str(f).replace("\t", " ").replace("\n", " ") for f in fields))

    def expect(self, condition, what):
        if not condition:
            self.say("fault", what)

    def tables(self):
        return [field.name for field in self.dictionary.DESCRIPTOR.fields]

    def get(self, table, index):
        """An entry of a table; that there is none is a fault."""
        entries = getattr(self.dictionary, table)
        self.used[table].add(index)
        self.expect(0 <= index < len(entries), f"{table}[{index}] is not there")
        return entries[index] if 0 <= index < len(entries) else entries[0]

    def string(self, index):
        return self.get("string_table", index)

    def known_fields_only(self, message):
        self.expect(len(UnknownFieldSet(message)) == 0, f"fields of no {message.DESCRIPTOR.name}")
        for field, value in message.ListFields():
            if field.message_type:
                for child in value if field.is_repeated else [value]:
                    self.known_fields_only(child)

    def sound_tables(self):
        for table in self.tables():
            entries = getattr(self.dictionary, table)
            self.expect(len(entries) > 0, f"{table} is empty")
            keys = [e if isinstance(e, str) else e.SerializeToString() for e in entries]
            self.expect(len(entries) > 0 and not keys[0], f"{table}[0] is not the zero value")
            for key, count in Counter(keys).items():
                self.expect(count == 1, f"{count} times in {table}: {key}")

    def attributes(self, indices):
        found = {}
        for index in indices:
            attribute = self.get("attribute_table", index)
            key = self.string(attribute.key_strindex)
            self.expect(index > 0 and key, "an attribute without a key")
            self.expect(key not in found, f"{key} twice")
            self.expect(attribute.unit_strindex == 0, f"{key} has a unit")
            found[key] = any_value(attribute.value)
        return found

    def sound_places(self):
        """Functions, mappings and locations: all of a mapping named, or none."""
        for function in self.dictionary.function_table[1:]:
            self.expect(self.string(function.name_strindex), "a function without a name")
            self.string(function.system_name_strindex)
            self.string(function.filename_strindex)
        self.named = {}
        for index, location in enumerate(self.dictionary.location_table):
            if index == 0:
                continue
            attributes = self.attributes(location.attribute_indices)
            self.expect(attributes == {"profile.frame.type": "native"}, f"location: {attributes}")
            self.get("mapping_table", location.mapping_index)
            for line in location.lines:
                self.expect(line.function_index > 0, "a line without a function")
                self.get("function_table", line.function_index)
            self.named.setdefault(location.mapping_index, set()).add(bool(location.lines))
            mapping = self.dictionary.mapping_table[location.mapping_index]
            inside = mapping.memory_start <= location.address < mapping.memory_limit
            self.expect(location.mapping_index == 0 or inside, f"{location.address} outside")
        for index, mapping in enumerate(self.dictionary.mapping_table):
            if index > 0:
                self.mapping(index, mapping)

    def mapping(self, index, mapping):
        file = self.string(mapping.filename_strindex)
        attributes = self.attributes(mapping.attribute_indices)
        named = self.named.get(index, set())
        self.expect(len(named) == 1, f"{file}: some places have names")
        has_functions = attributes.pop("pprof.mapping.has_functions", False)
        self.expect(has_functions == (named == {True}), f"{file}: {has_functions} of {named}")
        build_id = attributes.pop("process.executable.build_id.gnu", None)
        self.expect(attributes == {}, f"attributes of {file}: {attributes}")
        self.say("mapping", file, build_id, "named" if has_functions else "bare")

    def resource(self, resource):
        for attribute in resource.resource.attributes:
            self.say("resource", attribute.key, any_value(attribute.value))
        keys = Counter(attribute.key for attribute in resource.resource.attributes)
        self.expect(max(keys.values()) == 1, f"an attribute twice: {keys}")
        families = []
        for scope in resource.scope_profiles:
            self.say("scope", scope.scope.name, scope.scope.version)
            attributes = {a.key: any_value(a.value) for a in scope.scope.attributes}
            expected = {"pprof.scope.default_sample_type": "delay"}
            self.expect(attributes == expected, f"scope: {attributes}")
            self.expect(len(scope.profiles) > 0, "a scope without profiles")
            of_scope = {self.profile(profile) for profile in scope.profiles}
            self.expect(len(of_scope) == 1, f"in one scope: {of_scope}")
            families.extend(of_scope)
        self.expect(len(set(families)) == len(families), f"families: {families}")

    def profile(self, profile):
        family = self.string(profile.period_type.type_strindex)
        period_unit = self.string(profile.period_type.unit_strindex)
        name = self.string(profile.sample_type.type_strindex)
        unit = self.string(profile.sample_type.unit_strindex)
        self.expect((name, unit) in TYPES.get(family, ()), f"{family} has no {name}/{unit}")
        self.expect((profile.period, period_unit) == (1, "count"), "period")
        self.expect(len(profile.profile_id) == 16 and any(profile.profile_id), "profile id")
        self.expect(not profile.original_payload_format, "an original payload")
        self.expect(profile.time_unix_nano > 0 and profile.duration_nano > 0, "times")
        series = f"{family}:{name}:{unit}:{family}:{period_unit}"
        self.say("id", profile.profile_id.hex())
        self.say("time", series, profile.time_unix_nano, profile.duration_nano)
        attributes = self.attributes(profile.attribute_indices)
        for comment in attributes.pop("pprof.profile.comment", []):
            self.say("comment", comment)
        self.expect("mutex" in attributes.pop("pprof.profile.drop_frames", ""), "drop_frames")
        self.expect(attributes == {}, f"profile: {attributes}")
        self.samples(series, profile.samples)
        return family

    def samples(self, series, samples):
        self.expect(0 < len(samples) <= SAMPLES_MAX, f"{series}: {len(samples)} samples")
        identities, total = Counter(), 0
        for sample in samples:
            attributes = self.attributes(sample.attribute_indices)
            self.expect(set(attributes) == {"lock.name"}, f"sample: {attributes}")
            self.expect(sample.link_index == 0, "a link")
            self.expect(not sample.timestamps_unix_nano, "time stamps")
            one = len(sample.values) == 1 and sample.values[0] > 0
            self.expect(one, f"values {sample.values}")
            identities[(sample.stack_index, tuple(sample.attribute_indices))] += 1
            total += sum(sample.values)
            lock = attributes.get("lock.name")
            stack = ";".join(self.stack(sample.stack_index))
            self.say("sample", series, sum(sample.values), lock, stack)
        self.expect(max(identities.values()) == 1, f"{series}: a row twice")
        self.say("sum", series, total)

    def stack(self, index):
        """Names of a stack as it is sent: innermost first."""
        self.expect(index > 0, "a sample without a stack")
        for place in self.get("stack_table", index).location_indices:
            self.expect(place > 0, "a stack with nothing in it")
            location = self.get("location_table", place)
            if not location.lines:
                yield "?"
            for line in location.lines:
                function = self.get("function_table", line.function_index)
                yield self.string(function.name_strindex)

    def nothing_superfluous(self):
        for table in self.tables():
            unused = set(range(len(getattr(self.dictionary, table)))) - self.used[table]
            self.expect(not unused, f"{table} has {len(unused)} that nothing refers to")


def any_value(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [any_value(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as a Collector does."""

    protocol_version = "HTTP/1.1"
    directory = None
    status = 200
    count = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            lines = Request(self.path, self.headers, body).lines
        except Exception as error:  # Whatever it is, the test must see it.
            lines = [f"fault\t{type(error).__name__}: {error}"]
        part = os.path.join(self.directory, "part")
        with open(part, "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))
        os.rename(part, os.path.join(self.directory, f"{Handler.count}.tsv"))
        Handler.count += 1
        answer = service.ExportProfilesServiceResponse().SerializeToString()
        self.send_response(self.status)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def main():
    Handler.directory = sys.argv[1]
    if len(sys.argv) > 2:
        Handler.status = int(sys.argv[2])
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    part = os.path.join(Handler.directory, "port.part")
    with open(part, "w", encoding="utf-8") as file:
        file.write(str(server.server_address[1]))
    os.rename(part, os.path.join(Handler.directory, "port"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
