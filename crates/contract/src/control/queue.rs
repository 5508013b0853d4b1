//! Who waits for a lock now, as a line of text.

/// The threads that wait for one lock, and who has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// The lock as profiles have it: its address, `0x…`, and perhaps `#2`.
    pub lock: String,
    /// Best name known.
    pub name: String,
    /// What sort of lock.
    pub kind: String,
    /// How many wait.
    pub waiting: u32,
    /// For how long, on average, since they began or the lock was released last.
    pub waited_ns: u64,
    /// The kernel's id of the thread that has it; 0 unknown.
    pub holder: u32,
    /// What that thread is called; empty when unknown.
    pub holder_name: String,
    /// Since when, if that was recorded; 0 unknown.
    pub held_ns: u64,
    /// Where it was taken, if that was recorded; empty when unknown.
    pub taken_in: String,
}

/// Between two fields.
const TAB: char = '\t';

/// All queues, one a line.
#[must_use]
pub fn encode_queues(queues: &[Queue]) -> String {
    queues.iter().map(line).collect()
}

/// The queues of an answer. None when a line is not one.
#[must_use]
pub fn decode_queues(text: &str) -> Option<Vec<Queue>> {
    text.lines().map(queue).collect()
}

fn line(queue: &Queue) -> String {
    let fields = [
        clean(&queue.lock),
        clean(&queue.name),
        clean(&queue.kind),
        queue.waiting.to_string(),
        queue.waited_ns.to_string(),
        queue.holder.to_string(),
        clean(&queue.holder_name),
        queue.held_ns.to_string(),
        clean(&queue.taken_in),
    ];
    fields.join(&TAB.to_string()) + "\n"
}

/// Names come from the program: nothing in them may end a field.
fn clean(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '?' } else { c };
    text.chars().map(shown).collect()
}

fn queue(line: &str) -> Option<Queue> {
    let mut fields = line.split(TAB);
    let queue = Queue {
        lock: fields.next()?.to_owned(),
        name: fields.next()?.to_owned(),
        kind: fields.next()?.to_owned(),
        waiting: fields.next()?.parse().ok()?,
        waited_ns: fields.next()?.parse().ok()?,
        holder: fields.next()?.parse().ok()?,
        holder_name: fields.next()?.to_owned(),
        held_ns: fields.next()?.parse().ok()?,
        taken_in: fields.next()?.to_owned(),
    };
    fields.next().is_none().then_some(queue)
}
