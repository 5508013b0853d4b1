//! What Rust's standard library waits by: each kind once, ended by another thread after some time.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, RwLock};
use std::thread;
use std::time::{Duration, Instant};

static LOCK: Mutex<u32> = Mutex::new(0);
static DOCUMENT: RwLock<u32> = RwLock::new(0);
static CHANGED: Condvar = Condvar::new();
static VALUE: OnceLock<u32> = OnceLock::new();
static STAGE: AtomicUsize = AtomicUsize::new(0);
static IS_UNPARKED: AtomicBool = AtomicBool::new(false);

/// Waits without any lock until so much has happened.
fn await_stage(stage: usize) {
    while STAGE.load(Ordering::Acquire) < stage {
        thread::sleep(Duration::from_micros(50));
    }
}

fn announce() {
    STAGE.fetch_add(1, Ordering::AcqRel);
}

fn let_them_wait() {
    thread::sleep(Duration::from_millis(50));
}

/// Tells the test what this program saw.
fn timed(wait: fn()) {
    let begin = Instant::now();
    wait();
    let line = format!("wait_ns {}\n", begin.elapsed().as_nanos());
    if let Ok(path) = std::env::var("TESTING_TRUTH") {
        let file = OpenOptions::new().append(true).create(true).open(path);
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
}

/// What follows, so that nothing before it is the end of its function: that would be left
/// before it is called.
#[inline(never)]
fn go_on() {
    std::hint::black_box(());
}

#[inline(never)]
fn wait_for_mutex() {
    *LOCK.lock().unwrap() += 1;
}

#[inline(never)]
fn hold_mutex() {
    let mut held = LOCK.lock().unwrap();
    announce();
    let_them_wait();
    *held += 1;
    drop(held);
    go_on();
}

#[inline(never)]
fn wait_to_read() {
    assert_eq!(*DOCUMENT.read().unwrap(), 1);
}

#[inline(never)]
fn hold_to_write() {
    let mut held = DOCUMENT.write().unwrap();
    announce();
    let_them_wait();
    *held += 1;
    drop(held);
    go_on();
}

#[inline(never)]
fn wait_for_change() {
    let held = LOCK.lock().unwrap();
    announce();
    assert_eq!(*CHANGED.wait(held).unwrap(), 100);
}

#[inline(never)]
fn make_change() {
    *LOCK.lock().unwrap() = 100;
    CHANGED.notify_one();
    go_on();
}

#[inline(never)]
fn make_value() {
    VALUE.get_or_init(|| {
        announce();
        let_them_wait();
        7
    });
    go_on();
}

#[inline(never)]
fn wait_for_value() {
    assert_eq!(*VALUE.get_or_init(|| 8), 7);
}

#[inline(never)]
fn wait_to_be_unparked() {
    announce();
    while !IS_UNPARKED.load(Ordering::Acquire) {
        thread::park();
    }
}

#[inline(never)]
fn unpark(thread: &thread::Thread) {
    IS_UNPARKED.store(true, Ordering::Release);
    thread.unpark();
    go_on();
}

fn main() {
    let waits = thread::Builder::new().name("Waiter".to_owned()).spawn(|| {
        for (stage, wait) in [(1, wait_for_mutex as fn()), (2, wait_to_read)] {
            await_stage(stage);
            timed(wait);
        }
        timed(wait_for_change);
        await_stage(4);
        timed(wait_for_value);
        timed(wait_to_be_unparked);
    });
    let waits = waits.unwrap();
    hold_mutex();
    hold_to_write();
    await_stage(3);
    let_them_wait();
    make_change();
    make_value();
    await_stage(5);
    let_them_wait();
    unpark(waits.thread());
    waits.join().unwrap();
    println!("EXIT-SUCCESS");
}
