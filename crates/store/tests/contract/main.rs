//! What every store does, whatever lies below it: each law is a function over a [`Store`](keyholt_store::Store), and one list
//! of laws is carried out on each kind of store. What only a data directory does is in `directory` and `migration`.
#![cfg(test)]

mod api_keys;
mod audit;
mod changes;
mod directory;
mod fixture;
mod identity;
mod members;
mod migration;
mod postgres;
mod projects;
mod races;
mod ranges;
mod secrets;

use fixture::{on_new_postgres, on_new_store};

/// The laws, each on each kind of store.
macro_rules! contract {
    ($($module:ident { $($law:ident,)+ })+) => {
        mod in_memory {
            use keyholt_store::Store;
            $($(
                #[test]
                fn $law() {
                    super::on_new_store(Store::open_in_memory().unwrap(), super::$module::$law);
                }
            )+)+
        }
        mod on_file {
            use keyholt_store::Store;
            $($(
                #[test]
                fn $law() {
                    let dir = tempfile::tempdir().unwrap();
                    super::on_new_store(Store::open_directory(dir.path()).unwrap(), super::$module::$law);
                }
            )+)+
        }
        mod on_postgres {
            $($(
                #[test]
                fn $law() {
                    super::on_new_postgres(super::$module::$law);
                }
            )+)+
        }
    };
}

contract! {
    secrets {
        a_secret_reads_back_as_it_was_written,
        a_taken_name_is_refused_and_nothing_of_the_change_stays,
        a_taken_id_is_refused,
        names_and_ids_are_taken_in_their_collection_only,
        names_are_compared_byte_by_byte,
        a_name_with_a_nul_is_nobodys,
        an_update_needs_the_version_before,
        an_update_of_what_is_gone_is_stale,
        a_rename_onto_a_taken_name_is_refused,
        a_name_that_was_renamed_away_or_deleted_is_free,
        a_deletion_needs_the_version_and_takes_all_values_along,
        values_below_a_version_are_erased,
        a_value_version_is_written_once,
        a_value_without_its_secret_is_refused,
        expired_secrets_are_those_at_or_before_the_moment,
        collections_are_those_that_hold_secrets,
    }
    ranges {
        a_list_is_in_the_order_of_ids,
        both_ends_of_a_range_lie_outside_it,
        the_lowest_and_the_highest_id_are_listed,
        a_limit_keeps_the_nearest,
        a_type_keeps_its_own_only,
        those_that_may_name_models_are_listed_apart,
        heads_say_what_a_row_says_oldest_first,
        batches_give_every_row_once,
        another_collection_is_never_listed,
    }
    changes {
        joined_changes_are_committed_together_or_not_at_all,
        a_joined_change_may_follow_from_the_one_before,
        nothing_is_committed_before_the_chain_begins,
        a_change_goes_on_when_nobody_waits_for_it,
        what_follows_a_commit_is_done_before_it_is_acknowledged_and_only_then,
        an_emptied_log_loses_nothing,
        a_sound_database_passes_its_check,
    }
    audit {
        a_chain_has_no_gap_and_each_record_follows_from_the_one_before,
        a_refused_change_leaves_no_record_and_no_gap,
        records_read_back_as_they_were_written,
        chains_are_listed_one_after_the_other,
        an_organisation_sees_its_own_events_newest_first,
        the_head_is_the_highest_id_whatever_the_order_of_commits,
    }
    identity {
        there_is_one_deployment,
        organisations_have_names_of_their_own,
        an_organisation_is_renamed_from_the_name_it_has,
        organisations_are_listed_from_either_end,
        organisations_keys_are_listed_oldest_first,
    }
    projects {
        projects_have_names_of_their_own_in_their_organisation,
        a_project_is_renamed_from_the_name_it_has,
        a_project_that_holds_a_secret_is_not_deleted,
        secrets_elsewhere_keep_no_project,
        a_project_of_a_valid_api_key_is_not_deleted,
        a_deleted_project_is_seen_nowhere_and_its_name_is_free,
        what_needs_a_project_goes_on_only_where_it_is,
        projects_are_listed_from_either_end,
    }
    members {
        a_principal_reads_back_as_it_was_written,
        a_tokens_subject_stands_for_one_principal,
        a_principal_is_changed_from_the_version_before,
        a_principal_is_a_member_once_in_each_organisation,
        a_membership_is_changed_and_ended_from_the_version_it_has,
        members_are_listed_from_either_end,
    }
    api_keys {
        an_api_key_is_found_by_its_mac_and_by_its_id,
        a_mac_of_no_api_key_leads_to_the_next_one_and_from_the_last_to_the_first,
        an_api_key_of_the_same_text_is_refused,
        restrictions_read_back_as_they_were_written,
        api_keys_are_listed_in_each_of_their_organisations,
        a_principals_api_keys_are_listed_oldest_first,
        a_revocation_needs_the_version_before,
        an_organisation_without_a_valid_owner_can_be_given_one_once,
        an_owners_key_counts_as_far_as_its_membership_does,
        the_latest_use_of_a_key_is_kept_and_is_no_event,
        uses_are_written_down_beside_changes,
        only_credentials_that_are_valid_count_for_how_many_there_may_be,
        usage_of_one_api_key_is_listed_alone_in_the_order_of_secrets,
    }
    races {
        many_commits_at_once_are_all_there_in_one_chain,
        of_two_creators_of_a_name_one_succeeds,
        of_two_changers_of_a_version_one_succeeds,
        of_a_deletion_and_a_change_one_succeeds,
        refused_changes_do_not_disturb_their_neighbours,
        readers_see_changes_whole,
    }
}
