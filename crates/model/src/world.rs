//! One execution of a model, and the search through all of them.
//!
//! Loom runs all threads of a model on one thread of the system, so what belongs to an
//! execution is found there.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use loom::sync::atomic::{AtomicUsize, Ordering};

/// Thread switches where a thread could have gone on; a mistake that needs more is not
/// found. (Musuvathi and Qadeer 2007: nearly all need no more than two.)
pub(crate) const PREEMPTIONS: usize = 2;
/// Steps of one execution; more are an endless loop.
const STEPS_MAX: usize = 20_000;

/// An ordering that is not kept, to see that a model fails without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakened {
    /// What is acquired is only read.
    Acquire,
    /// What is released is only written.
    Release,
    /// There is no single order of all such accesses: they acquire and release.
    SeqCst,
}

type Word = Rc<dyn Any>;
type Make = Rc<dyn Fn() -> Word>;

#[derive(Default)]
struct World {
    /// The words that this execution has come to, by their places.
    words: HashMap<usize, Word>,
    cells: HashMap<usize, Rc<loom::cell::UnsafeCell<()>>>,
    /// The words that executions before came to.
    known: BTreeMap<usize, Make>,
    /// Changed before each access.
    turn: Option<Rc<AtomicUsize>>,
    has_threads: bool,
    executions: usize,
    /// Who jumps out, and after how many steps from now.
    jump: Option<(loom::thread::ThreadId, usize)>,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
    static STORES_IN_ORDER: Cell<bool> = const { Cell::new(false) };
    static WEAKENED: RefCell<Option<Weakened>> = const { RefCell::new(None) };
}

/// Ends an execution that has come to a new place.
struct NewPlace;

/// Ends what a thread does where a signal handler jumps out of it.
struct JumpedOut;

/// Tries a model in every order; panics in one that breaks it. What the model's threads
/// share stands in statics, or comes from them.
pub(crate) fn explore(model: impl Fn() + Send + Sync + 'static) {
    explore_with(PREEMPTIONS, model);
}

/// The same with more or fewer preemptions.
pub(crate) fn explore_with(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let model = std::sync::Arc::new(model);
    WORLD.take();
    loop {
        let model = std::sync::Arc::clone(&model);
        let mut builder = loom::model::Builder::new();
        // LOOM_MAX_PREEMPTIONS says otherwise.
        builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
        builder.max_branches = STEPS_MAX;
        let run = || {
            builder.check(move || {
                begin();
                model();
            });
        };
        match panic::catch_unwind(AssertUnwindSafe(run)) {
            Ok(()) => break,
            Err(reason) if reason.is::<NewPlace>() => {}
            Err(reason) => {
                println!("after {} executions", executions());
                panic::resume_unwind(reason)
            }
        }
    }
    println!("{} executions", executions());
}

/// The same of a part that is a single word with relaxed stores.
///
/// Each of them takes its place behind those that were done before, as it does in some
/// execution that looks the same. Loom forgets what follows from the order of two stores
/// that it learnt by a load for those behind them (0.7.3), and may show one that was
/// overwritten.
pub(crate) fn explore_word(model: impl Fn() + Send + Sync + 'static) {
    STORES_IN_ORDER.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(|| explore(model)));
    STORES_IN_ORDER.set(false);
    if let Err(reason) = result {
        panic::resume_unwind(reason);
    }
}

/// Whether stores take their places in the order in which they are done.
pub(crate) fn stores_in_order() -> bool {
    STORES_IN_ORDER.get()
}

fn executions() -> usize {
    WORLD.with_borrow(|world| world.executions)
}

/// Whether a model breaks when an ordering is not kept.
pub fn breaks(weakened: Weakened, model: fn()) -> bool {
    WEAKENED.set(Some(weakened));
    let result = panic::catch_unwind(model);
    WEAKENED.set(None);
    result.is_err()
}

/// Whether a model breaks as it is.
pub fn fails(model: fn()) -> bool {
    panic::catch_unwind(model).is_err()
}

/// What is not kept.
pub(crate) fn weakened() -> Option<Weakened> {
    WEAKENED.with_borrow(Clone::clone)
}

/// A thread of a model.
pub(crate) fn spawn<T: 'static>(run: impl FnOnce() -> T + 'static) -> loom::thread::JoinHandle<T> {
    WORLD.with_borrow_mut(|world| {
        // Before that there is nobody else.
        world
            .turn
            .get_or_insert_with(|| Rc::new(AtomicUsize::new(0)));
        world.has_threads = true;
    });
    loom::thread::spawn(run)
}

/// Has loom try what follows before and after whatever other threads do next.
///
/// It would by itself if it remembered all accesses to a word. But it knows the last one
/// only: where a thread reads a word before it writes it, the reads of others before that
/// are forgotten, and are never tried after the write (seen in 0.7.3). One word that
/// everybody changes before each access makes each the last one. It orders nothing.
pub(crate) fn let_others_go_first() {
    may_jump_out();
    let turn = WORLD.with_borrow(|world| world.turn.clone());
    if let Some(turn) = turn {
        turn.fetch_add(1, Ordering::Relaxed);
    }
}

/// Has the calling thread do something, and a signal handler jump out of it after so many
/// steps: accesses, and changes of what is its own. Says whether it came so far.
pub(crate) fn jump_out_after(steps: usize, run: impl FnOnce()) -> bool {
    let me = loom::thread::current().id();
    WORLD.with_borrow_mut(|world| world.jump = Some((me, steps)));
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    WORLD.with_borrow_mut(|world| world.jump = None);
    match result {
        Ok(()) => false,
        Err(reason) if reason.is::<JumpedOut>() => true,
        Err(reason) => panic::resume_unwind(reason),
    }
}

/// One step of the calling thread.
pub(crate) fn may_jump_out() {
    let jumps = WORLD.with_borrow_mut(|world| {
        let (jumper, left) = world.jump.as_mut()?;
        (*jumper == loom::thread::current().id()).then_some(())?;
        let is_last = *left == 0;
        *left = left.saturating_sub(1);
        is_last.then(|| world.jump = None)
    });
    if jumps.is_some() {
        panic::resume_unwind(Box::new(JumpedOut));
    }
}

/// Lets no others go first as long as this takes.
pub(crate) fn in_one_step(run: impl FnOnce()) {
    let turn = WORLD.with_borrow_mut(|world| world.turn.take());
    run();
    WORLD.with_borrow_mut(|world| world.turn = turn);
    let_others_go_first();
}

/// Begins an execution: with all words that may be asked for, since loom wants them made
/// before the threads that share them.
fn begin() {
    let known = WORLD.with_borrow_mut(|world| {
        world.words.clear();
        world.cells.clear();
        world.turn = None;
        world.has_threads = false;
        world.jump = None;
        world.executions += 1;
        world.known.clone()
    });
    for (place, make) in known {
        let word = make();
        WORLD.with_borrow_mut(|world| world.words.insert(place, word));
    }
}

/// Makes loom's word for a place on the heap, where another may have been before: whoever is
/// to come there has to hear of it.
pub(crate) fn make_word<W: 'static>(place: usize, word: W) {
    WORLD.with_borrow_mut(|world| world.words.insert(place, Rc::new(word)));
}

/// Loom's word for a place, made now if nobody came there before.
pub(crate) fn word<W: 'static>(place: usize, make: impl Fn() -> W + 'static) -> Rc<W> {
    let known = WORLD.with_borrow(|world| world.words.get(&place).cloned());
    let word = known.unwrap_or_else(|| {
        let make: Make = Rc::new(move || Rc::new(make()));
        let has_threads = WORLD.with_borrow_mut(|world| {
            world.known.insert(place, Rc::clone(&make));
            world.has_threads
        });
        if has_threads {
            panic::resume_unwind(Box::new(NewPlace));
        }
        let word = make();
        WORLD.with_borrow_mut(|world| world.words.insert(place, Rc::clone(&word)));
        word
    });
    word.downcast()
        .unwrap_or_else(|_| unreachable!("one place, one type"))
}

/// Loom's watch over a place.
pub(crate) fn cell(place: usize) -> Rc<loom::cell::UnsafeCell<()>> {
    let known = WORLD.with_borrow(|world| world.cells.get(&place).cloned());
    known.unwrap_or_else(|| {
        let cell = Rc::new(loom::cell::UnsafeCell::new(()));
        WORLD.with_borrow_mut(|world| world.cells.insert(place, Rc::clone(&cell)));
        cell
    })
}
