//! Room, order, and the end of a program.

use super::super::fault::Answer;
use super::*;

fn outbox() -> Outbox {
    let endpoint = Endpoint {
        receiver: "Test",
        url: String::new(),
        headers: Vec::new(),
        advice: |_| None,
    };
    let address = Address::parse("http://127.0.0.1:1/").unwrap();
    let deliveries: &'static Deliveries = Box::leak(Box::default());
    Outbox::new(endpoint, address, None, deliveries)
}

fn request(number: u8, len: usize) -> Request {
    Request {
        headers: Vec::new(),
        body: vec![number; len],
    }
}

fn refused(status: u16) -> Fault {
    Fault::Refused(Answer {
        status,
        ..Answer::default()
    })
}

fn seconds_from_now(seconds: u64) -> u64 {
    sys::monotonic_ns() + seconds * 1_000_000_000
}

#[test]
fn the_oldest_go_first_when_there_is_no_room_but_not_the_one_being_sent() {
    let outbox = outbox();
    outbox.put(request(0, 10));
    let sent = outbox.oldest();
    for number in 1..=8 {
        outbox.put(request(number, 10));
    }
    assert_eq!(
        outbox.deliveries.losses(),
        ["1 uploads to Test (newer ones took their place)"]
    );
    outbox.has_arrived(&sent);
    assert_eq!(outbox.oldest().body[0], 2);
}

#[test]
fn a_request_that_rests_may_be_pushed_out() {
    let outbox = outbox();
    outbox.put(request(0, 10));
    let oldest = outbox.oldest();
    std::thread::scope(|scope| {
        let resting = scope.spawn(|| outbox.rest(&oldest, Duration::from_secs(60), None));
        while outbox.state().is_sending {
            std::thread::yield_now();
        }
        for number in 1..=8 {
            outbox.put(request(number, 10));
        }
        assert_eq!(resting.join().unwrap(), Next::Gone);
    });
    assert_eq!(outbox.oldest().body[0], 1);
}

#[test]
fn bytes_are_bounded_but_one_request_may_be_large() {
    let outbox = outbox();
    outbox.put(request(0, BYTES_MAX / 2));
    outbox.put(request(1, BYTES_MAX / 2));
    assert!(outbox.deliveries.losses().is_empty());
    outbox.put(request(2, BYTES_MAX * 2));
    assert_eq!(outbox.oldest().body[0], 2);
    assert_eq!(outbox.state().requests.len(), 1);
}

#[test]
fn the_end_of_the_program_wakes_who_waits_to_try_again() {
    let outbox = outbox();
    outbox.put(request(0, 10));
    let oldest = outbox.oldest();
    std::thread::scope(|scope| {
        let resting = scope.spawn(|| outbox.rest(&oldest, Duration::from_secs(60), None));
        while outbox.state().is_sending {
            std::thread::yield_now();
        }
        outbox.hurry(seconds_from_now(2));
        assert_eq!(resting.join().unwrap(), Next::TryAgain);
    });
    // And then a few times more, but not for as long as a receiver may ask.
    for _ in 1..LAST_TRIES {
        assert_eq!(
            outbox.rest(&oldest, Duration::from_secs(60), None),
            Next::TryAgain
        );
    }
    assert_eq!(
        outbox.rest(&oldest, Duration::from_secs(60), None),
        Next::GiveUp
    );
    let asked = Duration::from_secs(5);
    assert_eq!(outbox.rest(&oldest, asked, Some(asked)), Next::GiveUp);
}

#[test]
fn what_is_left_at_the_end_is_lost_once() {
    let outbox = outbox();
    outbox.put(request(0, 10));
    outbox.put(request(1, 10));
    let oldest = outbox.oldest();
    outbox.abandon();
    assert!(outbox.deliveries.has_news());
    assert_eq!(
        outbox.deliveries.losses(),
        ["2 uploads to Test (the program ended first)"]
    );
    assert!(!outbox.deliveries.has_news());
    // The thread hears of it later.
    outbox.give_up(&oldest, &refused(503));
    outbox.has_arrived(&oldest);
    assert!(outbox.deliveries.wait(Duration::ZERO));
    assert_eq!(outbox.deliveries.losses().len(), 1);
    assert_eq!(outbox.deliveries.failed(), 2);
}
