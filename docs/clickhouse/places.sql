-- The functions in which the threads of all profiles in this directory waited longest, and who kept them waiting.
WITH
    arrayMap(of -> string_table[of.type + 1], sample_type) AS types,
    rows AS
    (
        SELECT
            string_table AS strings,
            arrayJoin(sample) AS row,
            row.value[indexOf(types, 'lock-acquire-wait')] AS wait_ns,
            location[row.location_id[1]].line[1].function_id AS function_id,
            strings[function[function_id].name + 1] AS place,
            arrayFirst(of -> strings[of.key + 1] = 'lock name', row.label) AS lock,
            arrayFirst(of -> strings[of.key + 1] = 'blocking site', row.label) AS holder
        FROM file('*.pb.gz', 'ProtobufSingle')
    )
SELECT
    if(function_id = 0, '?', place) AS function,
    strings[lock.str + 1] AS lock,
    strings[holder.str + 1] AS held_by,
    sum(wait_ns) AS waited_ns
FROM rows
WHERE wait_ns > 0
GROUP BY function, lock, held_by
ORDER BY waited_ns DESC
LIMIT 20
SETTINGS format_schema = 'profile.proto:Profile'
