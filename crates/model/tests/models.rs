//! Runs every model, and shows that it breaks where an ordering is not kept.

macro_rules! hold {
    ($($part:ident: $($sentence:ident,)*;)*) => {$(
        mod $part {
            $(#[test]
            fn $sentence() {
                lockprof_model::models::$part::$sentence();
            })*
        }
    )*};
}

hold! {
    counts:
        exact_totals_add_up,
    ;
    filters:
        an_address_is_left_out_only_while_its_code_is_there,
        no_other_address_is_left_out,
    ;
    openmp:
        nobody_is_seen_in_a_section_where_it_is_not,
        a_call_is_led_to_its_own_function_or_looked_up,
    ;
    process:
        whoever_gets_the_value_gets_it_complete,
        of_two_values_that_are_made_one_is_kept,
    ;
    records:
        a_record_is_read_whole_and_once_or_counted_as_lost,
        two_that_drain_at_once_share_the_records,
        nothing_is_lost_when_the_queue_grows,
        what_follows_a_fork_comes_through,
        what_one_thread_tells_comes_in_its_order,
        a_jump_out_costs_one_record_and_no_slot,
        an_end_inside_costs_one_record_and_no_slot,
    ;
    rules:
        a_rule_belongs_to_its_address_or_there_is_none,
        a_large_frame_is_there_whole_or_not_at_all,
    ;
    switching:
        the_last_who_leads_the_calls_knows_the_state,
        whoever_comes_through_a_gate_knows_its_epoch,
        the_time_off_ends_when_it_is_on,
        it_was_never_off_for_longer_than_it_was,
        nobody_switches_on_what_is_off_for_good,
    ;
    waiters:
        a_cell_serves_one_lock_at_a_time_and_keeps_no_time_of_another,
        what_is_charged_and_what_remains_is_what_was_waited,
        nothing_is_charged_to_two_holders,
        who_leaves_meanwhile_spoils_one_wait_at_most,
        a_kept_charge_has_its_own_times,
        a_cell_passes_on_without_the_time_of_another_lock,
        who_leaves_a_condition_waits_for_its_mutex_no_more,
        as_many_wait_for_the_mutex_as_for_the_condition,
    ;
}

/// Orderings that a part rests on, each with a model that must break without it.
mod without {
    use lockprof_model::models::{filters, openmp, process, records, switching, waiters};
    use lockprof_model::{Weakened, breaks, fails};

    #[test]
    fn release_a_value_is_got_half_made() {
        let model = process::whoever_gets_the_value_gets_it_complete;
        assert!(breaks(Weakened::Release, model) && breaks(Weakened::Acquire, model));
    }

    #[test]
    fn release_and_acquire_charges_mix_their_times() {
        let model = waiters::a_kept_charge_has_its_own_times;
        assert!(breaks(Weakened::Release, model) && breaks(Weakened::Acquire, model));
    }

    #[test]
    fn one_order_of_all_a_cell_serves_two_locks() {
        let model = waiters::a_cell_serves_one_lock_at_a_time_and_keeps_no_time_of_another;
        assert!(breaks(Weakened::SeqCst, model));
    }

    #[test]
    fn one_order_of_all_an_address_is_left_out_whose_code_is_gone() {
        let model = filters::an_address_is_left_out_only_while_its_code_is_there;
        assert!(breaks(Weakened::SeqCst, model));
    }

    #[test]
    fn one_order_of_all_the_gates_are_not_as_the_state_says() {
        let model = switching::the_last_who_leads_the_calls_knows_the_state;
        assert!(breaks(Weakened::SeqCst, model));
    }

    #[test]
    fn acquire_a_gate_is_passed_with_the_epoch_before() {
        let model = switching::whoever_comes_through_a_gate_knows_its_epoch;
        assert!(breaks(Weakened::Acquire, model));
    }

    #[test]
    fn release_and_acquire_a_call_is_led_to_the_function_of_another() {
        let model = openmp::a_call_is_led_to_its_own_function_or_looked_up;
        assert!(breaks(Weakened::Release, model) && breaks(Weakened::Acquire, model));
    }

    #[test]
    fn release_and_acquire_records_are_read_half_written() {
        let model = records::a_record_is_read_whole_and_once_or_counted_as_lost;
        assert!(breaks(Weakened::Release, model) && breaks(Weakened::Acquire, model));
    }

    #[test]
    fn an_end_or_a_next_call_a_slot_is_lost() {
        assert!(fails(records::a_slot_is_lost_while_its_writer_is_there));
    }

    #[test]
    fn one_order_of_all_who_has_left_a_condition_waits_for_its_mutex() {
        let model = waiters::who_leaves_a_condition_waits_for_its_mutex_no_more;
        assert!(breaks(Weakened::SeqCst, model));
    }
}
