// Percentiles, and how sure sums are, as the report computes them (analyse/buckets.rs and
// analyse/spread.rs), of a part that the report was not asked for.

/// Standard deviations to either side that hold 95% of a normal distribution.
const NORMAL = 1.96;

/// So many of 100 events took at most this long. `buckets` by the power of two that each begins
/// with: `events`, `min` and `max`.
export function percentile(buckets, percent) {
  const order = [...buckets].sort((a, b) => a.bucket - b.bucket);
  const all = order.reduce((sum, { events }) => sum + events, 0);
  const rank = Math.ceil((all * percent) / 100);
  let below = 0;
  for (const { bucket, events, min, max } of order) {
    below += events;
    if (below < rank || events === 0) continue;
    const end = Math.min(max, 2 ** (bucket + 1));
    return end - Math.floor((Math.max(end - min, 0) * (below - rank)) / events);
  }
  return null;
}

/// Half of the interval of a sum of so many events, by the squares and cubes of what each may be
/// off: 0 if it is exact, nothing if nobody knows. `isOfLengths` where it rests on how long events
/// were, which is itself known from them only.
export function halfWidth({ squares, cubes, isUnknown }, isOfLengths) {
  if (isUnknown) return null;
  if (squares <= 0) return 0;
  const alike = Math.max(squares ** 3 / cubes ** 2, 1);
  const wider = isOfLengths ? 1 + 3 / alike : 1;
  return Math.ceil(deviations(alike) * wider * Math.sqrt(squares));
}

function deviations(kept) {
  const above = kept + 1;
  const cubeRoot = 1 - 1 / (9 * above) + NORMAL / (3 * Math.sqrt(above));
  return (above * cubeRoot ** 3 - kept) / Math.sqrt(kept);
}
