"""Takes apart what was sent to Datadog, with Python's own parsers: ours must not be what checks ours.

    unpack.py agent URL FOLDER          the requests that a test agent has stored
    unpack.py request HEAD BODY FOLDER  one request: a file with its head, one with its body

Each request becomes FOLDER/00, FOLDER/01, ...: `request` (method and path), `headers`
(name: value), `parts` (name|file name|content type), `event` (path=JSON of every leaf) and
`profile.pprof`. What cannot be taken apart is an error.
"""

import base64
import email.parser
import email.policy
import json
import pathlib
import sys
import urllib.parse
import urllib.request


def leaves(path, value):
    """Every leaf of a JSON value, with the way to it."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(f"{path}[{index}]", inner)
    else:
        yield f"{path}={json.dumps(value, ensure_ascii=False)}"


def unpack(method, path, headers, body, folder):
    """One request, into a new folder."""
    folder.mkdir(parents=True)
    (folder / "request").write_text(f"{method} {path}\n")
    (folder / "headers").write_text("".join(f"{name}: {value}\n" for name, value in headers))
    content_type = next(value for name, value in headers if name.lower() == "content-type")
    assert int(next(value for name, value in headers if name.lower() == "content-length")) == len(body)
    boundary = content_type.split("boundary=")[1].encode()
    assert body.startswith(b"--" + boundary + b"\r\n") and body.endswith(b"\r\n--" + boundary + b"--\r\n")
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    form = parser.parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    assert form.is_multipart() and not form.defects, form.defects
    described = []
    for part in form.iter_parts():
        assert part["content-disposition"].content_disposition == "form-data"
        given = part["content-type"] or ""
        name = part.get_param("name", header="content-disposition")
        described.append(f"{name}|{part.get_filename()}|{given}\n")
        content = part.get_payload(decode=True)
        if name == "event":
            event = json.loads(content)
            (folder / "event").write_text("".join(f"{leaf}\n" for leaf in leaves("", event)))
        else:
            (folder / name).write_bytes(content)
    (folder / "parts").write_text("".join(described))


def of_agent(url, folder):
    """All that an agent has stored, oldest first."""
    with urllib.request.urlopen(f"{url}/test/session/requests", timeout=20) as answer:
        stored = json.load(answer)
    uploads = [one for one in stored if one["url"].endswith("/profiling/v1/input")]
    for number, one in enumerate(uploads):
        path = urllib.parse.urlsplit(one["url"]).path
        body = base64.b64decode(one["body"])
        unpack(one["method"], path, list(one["headers"].items()), body, folder / f"{number:02}")


def of_files(head, body, folder):
    """One request as it came over the wire."""
    lines = pathlib.Path(head).read_bytes().decode().split("\r\n")
    method, path, version = lines[0].split(" ")
    assert version == "HTTP/1.1"
    headers = [tuple(line.split(": ", 1)) for line in lines[1:] if line]
    unpack(method, path, headers, pathlib.Path(body).read_bytes(), folder)


if sys.argv[1] == "agent":
    of_agent(sys.argv[2], pathlib.Path(sys.argv[3]))
else:
    of_files(sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4]))
