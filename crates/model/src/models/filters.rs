//! Calls that the user's filters leave out.

use crate::record;
use crate::world::{explore, spawn};

/// Our thread has found out that a call is left out, and code is unloaded before it says so:
/// other code may lie there now.
pub fn an_address_is_left_out_only_while_its_code_is_there() {
    explore(|| {
        let unloaded = record::unloaded();
        let host = spawn(record::forget_code);
        record::leave_out_at(0x1001, unloaded);
        host.join().unwrap();
        assert!(!record::is_left_out(0x1001));
        // What is found out afterwards is told.
        record::leave_out_at(0x1001, record::unloaded());
        assert!(record::is_left_out(0x1001));
        assert!(!record::is_left_out(0x1002));
    });
}

/// While one thread looks another one puts addresses there.
pub fn no_other_address_is_left_out() {
    explore(|| {
        let unloaded = record::unloaded();
        let ours = spawn(move || {
            record::leave_out_at(0x1001, unloaded);
            record::leave_out_at(0x2001, unloaded);
        });
        assert!(!record::is_left_out(0x3001));
        assert!(!record::is_left_out(0));
        let _ = record::is_left_out(0x1001);
        ours.join().unwrap();
        assert!(record::is_left_out(0x1001) && record::is_left_out(0x2001));
    });
}
