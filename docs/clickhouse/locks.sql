-- The locks of all profiles in this directory, the longest waited for first.
WITH
    arrayMap(of -> string_table[of.type + 1], sample_type) AS types,
    rows AS
    (
        SELECT
            _file AS file,
            string_table AS strings,
            arrayJoin(sample) AS row,
            row.value[indexOf(types, 'lock-acquire')] AS acquired,
            row.value[indexOf(types, 'lock-contention')] AS contended,
            row.value[indexOf(types, 'lock-acquire-wait')] AS wait_ns,
            row.value[indexOf(types, 'lock-release-hold')] AS hold_ns,
            arrayFirst(of -> strings[of.key + 1] = 'lock name', row.label) AS label
        FROM file('*.pb.gz', 'ProtobufSingle')
    )
SELECT
    strings[label.str + 1] AS lock,
    uniqExact(file) AS processes,
    sum(acquired) AS acquisitions,
    sum(contended) AS contentions,
    sum(wait_ns) AS waited_ns,
    sum(hold_ns) AS held_ns
FROM rows
GROUP BY lock
-- What was only waited for is no lock: threads, conditions.
HAVING acquisitions + contentions > 0
ORDER BY waited_ns DESC
LIMIT 20
SETTINGS format_schema = 'profile.proto:Profile'
