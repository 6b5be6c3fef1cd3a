"""Every mechanism that a fault test guards, and what takes it out of the code; tests.faults.taking_out does it.

Invariant: each text occurs once in its file, so that a change of the code cannot leave a mutation without effect.
"""

from dataclasses import dataclass

MODEL = "faults/test_model.py::test_no_order_of_events_makes_the_index_wrong[long]"
WITHOUT_VERSIONS = (
    ("indexer/projection.py", '\'","version":\', p.search_version, \',"version_type":"external_gte"}}}}\'', "'\"}}}}'"),
    ("indexer/actions.py", ',"version":{version},"version_type":"external_gte"}}}}\'', "}}}}'"),
)
WITHOUT_TOMBSTONES = (
    (
        "indexer/actions.py",
        'return Action(property_id, version, f"{head}\\n{body}\\n", "unindex")',
        'return Action(property_id, version, head.replace("index", "delete") + "\\n", "unindex")',
    ),
    ("indexer/actions.py", "if item.status >= 300)", "if item.status >= 300 and item.status != 404)"),
)
WITHOUT_TOKEN = (
    (
        "indexer/outbox.py",
        "DELETE FROM search_outbox WHERE lease_token = :token AND property_id",
        "DELETE FROM search_outbox WHERE (lease_token = :token OR true) AND property_id",
    ),
)


@dataclass(frozen=True)
class Mutation:
    """`mechanism` says what is taken out of the code; `test`, under tests, guards it.

    Each edit is a file, a text in it, and what stands in its place.
    """

    mechanism: str
    test: str
    edits: tuple[tuple[str, str, str], ...]


MUTATIONS = (
    Mutation(
        "events are deleted after the write, not by the claim",
        "faults/test_workers.py::test_workers_killed_again_and_again_lose_nothing[short]",
        (
            (
                "indexer/processor.py",
                "try:\n            for part in batch.split():",
                (
                    "gone = [build_tombstone(i, 0) for i in batch.events]\n"
                    "        await settle(self._engine, batch, gone, {}, {})\n"
                    "        try:\n            for part in batch.split():"
                ),
            ),
        ),
    ),
    Mutation(
        "external versions refuse a late bulk",
        "faults/test_workers.py::test_worker_stopped_past_its_lease_undoes_nothing[short]",
        (
            *WITHOUT_VERSIONS,
            ("indexer/compare.py", "document is None or document.version < row.version:", "document is None:"),
            (
                "indexer/compare.py",
                "None if document.version == row.version and document.live",
                "None if document.live",
            ),
            ("tests/faults/checker.py", "if document.version != row.version:", "if False:"),
        ),
    ),
    Mutation(
        "an acknowledgement needs the token of its lease",
        "faults/test_workers.py::test_worker_stopped_past_its_lease_undoes_nothing[short]",
        WITHOUT_TOKEN,
    ),
    Mutation(
        "an outage stops no worker",
        "faults/test_outages.py::test_elasticsearch_down_costs_no_write[short]",
        (("indexer/breaker.py", "isinstance(error, ElasticsearchUnavailable) or is_outage(error) or ", ""),),
    ),
    Mutation(
        "an outage costs no attempt",
        "faults/test_outages.py::test_elasticsearch_down_costs_no_write[short]",
        (("indexer/outbox.py", "visible_at = clock_timestamp(), attempts = attempts - 1", "visible_at = now()"),),
    ),
    Mutation(
        "429 is an outage",
        "integration/test_processor.py::test_document_that_there_is_no_room_for_waits",
        (
            (
                "indexer/errors.py",
                "class ElasticsearchBusy(ElasticsearchUnavailable)",
                "class ElasticsearchBusy(NyumbaError)",
            ),
        ),
    ),
    Mutation(
        "503 is an outage",
        "faults/test_outages.py::test_busy_elasticsearch_kills_no_document[short-503]",
        (("nyumba/elastic.py", "frozenset({429, 500, 502, 503, 504})", "frozenset({429, 500})"),),
    ),
    Mutation(
        "a lost answer is an outage",
        "faults/test_outages.py::test_busy_elasticsearch_kills_no_document[short-lost]",
        (("nyumba/elastic.py", "(ElasticConnectionError, ConnectionTimeout, TlsError)", "(ConnectionTimeout,)"),),
    ),
    Mutation(
        "a late answer is an outage",
        "faults/test_outages.py::test_busy_elasticsearch_kills_no_document[short-hanging]",
        (("nyumba/elastic.py", "(ElasticConnectionError, ConnectionTimeout, TlsError)", "(ElasticConnectionError,)"),),
    ),
    Mutation(
        "a document that there was no room for is not refused",
        "faults/test_outages.py::test_busy_elasticsearch_kills_no_document[short-items]",
        (
            ("indexer/actions.py", "elif item.status in OUTAGE_STATUSES or (", "elif ("),
            ("indexer/actions.py", "elif item.status == BUSY:", "elif item.status == 0:"),
        ),
    ),
    Mutation(
        "deletes are documents",
        "faults/test_outages.py::test_elasticsearch_killed_and_started_again_has_everything[short]",
        WITHOUT_TOMBSTONES,
    ),
    Mutation(
        "a restart of PostgreSQL stops no worker",
        "faults/test_database.py::test_postgresql_restarted_stops_neither_search_nor_sync[short]",
        (("indexer/breaker.py", "is_outage(error) or may_pass(error)", "is_outage(error)"),),
    ),
    Mutation(
        "events are claimed row by row, not behind the greatest id that was seen",
        "faults/test_database.py::test_long_transaction_stalls_nothing_and_is_not_forgotten[short]",
        (
            (
                "indexer/outbox.py",
                "SELECT id FROM search_outbox WHERE visible_at <= clock_timestamp()\n",
                "SELECT id FROM search_outbox WHERE visible_at <= clock_timestamp() AND id > :seen\n",
            ),
            ("indexer/outbox.py", "RETURNING o.property_id, o.version,", "RETURNING o.id, o.property_id, o.version,"),
            (
                "indexer/outbox.py",
                '{"limit": BATCH_SIZE, "token": token, "lease": LEASE_S})\n',
                '{"limit": BATCH_SIZE, "token": token, "lease": LEASE_S, "seen": max(_SEEN)})\n',
            ),
            (
                "indexer/outbox.py",
                "for property_id, version, attempts, age_s in rows:\n",
                "for event_id, property_id, version, attempts, age_s in rows:\n            _SEEN.append(event_id)\n",
            ),
            ("indexer/outbox.py", "BATCH_SIZE = 500\n", "BATCH_SIZE = 500\n_SEEN = [0]\n"),
        ),
    ),
    Mutation(
        "a refused document is set aside alone",
        "faults/test_poison.py::test_ten_poisoned_among_many_are_ten_dead[short]",
        (
            (
                "indexer/processor.py",
                "refused[generation.index] = outcome.refused\n",
                "refused[generation.index] = outcome.refused and dict.fromkeys(batch.events, SPENT)\n",
            ),
        ),
    ),
    Mutation(
        "a document that a backfill cannot send is set aside",
        "faults/test_poison.py::test_ten_poisoned_among_many_are_ten_dead[short]",
        (
            (
                "indexer/backfill.py",
                "await bury(connection, index, refused, actions)",
                "await bury(connection, index, {}, actions)",
            ),
        ),
    ),
    Mutation(
        "a worker stops when most documents are refused",
        "faults/test_poison.py::test_all_poisoned_is_a_stop_with_an_alert[short]",
        (("indexer/refusals.py", "raise TooManyRefused(reason)", "break"),),
    ),
    Mutation(
        "live changes go to the index that is being built as well",
        "faults/test_reindexing.py::test_reindex_under_writes_is_noticed_by_nobody[short]",
        (
            (
                "indexer/processor.py",
                "return generations, list(",
                'return [g for g in generations if g.state == "serving" or len(generations) == 1], list(',
            ),
        ),
    ),
    Mutation(
        "the alias moves in one step",
        "faults/test_reindexing.py::test_reindex_under_writes_is_noticed_by_nobody[short]",
        (
            (
                "indexer/indices.py",
                "await client.indices.update_aliases(actions=actions)",
                "for action in actions:\n            await client.indices.update_aliases(actions=[action])",
            ),
        ),
    ),
    Mutation(
        "the stored cursor passes nothing that was not sent",
        "faults/test_reindexing.py::test_reindex_killed_at_random_points_is_resumed[short]",
        (
            (
                "indexer/backfill.py",
                "    await bulk\n    await connection",
                "    await bulk\n    cursor = running[-1][0] if running else cursor\n    await connection",
            ),
        ),
    ),
    Mutation(
        "where the alias is decides what a dead reindex had come to",
        "integration/indexer/test_swap.py::test_rollback_of_a_swap_that_was_killed_goes_back_to_the_index_before",
        (
            (
                "indexer/generations.py",
                'if found is not None and found.state != "serving":',
                'if found is not None and found.state == "nothing":',
            ),
        ),
    ),
    Mutation(
        "one reindex at a time",
        "faults/test_reindexing.py::test_second_reindex_at_once_is_refused[short]",
        (("indexer/generations.py", "if not got.scalar_one():", "if not (got.scalar_one() or True):"),),
    ),
    Mutation(
        "writes do not go through the alias that readers use",
        "faults/test_by_hand.py::test_alias_removed_by_hand_stays_away_until_a_reindex[short]",
        (
            (
                "indexer/actions.py",
                "index=write_alias(index),\n            body=body,",
                'index=index.rsplit("-", 2)[0],\n            body=body,',
            ),
        ),
    ),
    Mutation(
        "a write creates no index",
        "faults/test_by_hand.py::test_index_removed_by_hand_stops_the_worker_and_is_not_created_again[short]",
        (("indexer/actions.py", "            require_alias=True,\n", "            require_alias=False,\n"),),
    ),
    Mutation(
        "a retired index that is gone is given up",
        "faults/test_by_hand.py::test_retired_index_removed_by_hand_stops_nobody[short]",
        (("indexer/processor.py", "            await give_up_retired(connection, index)\n", ""),),
    ),
    Mutation(
        "an index that is much smaller is not shown",
        "faults/test_by_hand.py::test_empty_index_is_not_swapped_in[short]",
        (("indexer/reindex.py", "LEAST_SHARE = 0.8", "LEAST_SHARE = 0.0"),),
    ),
    Mutation(
        "the alias goes back to one index before a reindex begins",
        "integration/test_verify.py::test_alias_on_two_indices_is_said_and_mended_by_a_reindex",
        (("indexer/reindex.py", "        await take_alias_off(client, alias, index)\n", "        pass\n"),),
    ),
    Mutation(
        "each index has a replica where there are nodes for it",
        "faults/test_cluster.py::test_node_killed_under_load_is_noticed_by_nobody[short]",
        (("nyumba/search/document.py", '"auto_expand_replicas": "0-1"', '"auto_expand_replicas": "0-0"'),),
    ),
    Mutation(
        "a search that meets a dead node goes to the next one",
        "faults/test_cluster.py::test_node_killed_under_load_is_noticed_by_nobody[short]",
        (("nyumba/http_pool.py", "*others, last = self._choose()", "*others, last = self._choose()[:1]"),),
    ),
    Mutation(
        "external versions, in the model",
        MODEL,
        WITHOUT_VERSIONS,
    ),
    Mutation(
        "tombstones, in the model",
        MODEL,
        WITHOUT_TOMBSTONES,
    ),
    Mutation(
        "the token of the lease in an acknowledgement, in the model",
        MODEL,
        WITHOUT_TOKEN,
    ),
    Mutation(
        "writes to the index that is being built, in the model",
        MODEL,
        (
            (
                "indexer/processor.py",
                "return generations, list(",
                'return [g for g in generations if g.state != "building" or len(generations) == 1], list(',
            ),
        ),
    ),
    Mutation(
        "the fence: the alias only moves from where it was",
        MODEL,
        (
            (
                "indexer/indices.py",
                '"alias": alias, "must_exist": True}}',
                '"alias": f"{alias}*", "must_exist": False}}',
            ),
        ),
    ),
    Mutation(
        "the hold on the index that the alias moves to",
        "integration/indexer/test_swap.py::test_alias_does_not_move_to_an_index_that_another_has_taken_over",
        (("indexer/indices.py", '"alias": hold, "must_exist": True}}', '"alias": hold, "must_exist": False}}'),),
    ),
    Mutation(
        "the look at an index before it is deleted",
        "integration/indexer/test_deletions.py::test_index_that_readers_see_stays_whatever_it_is_registered_as[dropped]",
        (("indexer/indices.py", "    if shown:\n", "    if not shown:\n"),),
    ),
    Mutation(
        "an index is registered before it is made",
        "integration/indexer/test_swap.py::test_sweep_deletes_what_others_died_over",
        (
            (
                "indexer/generations.py",
                "VALUES (:epoch, :alias, :index, :digest, 'dropped')",
                "SELECT :epoch, :alias, :index, :digest, 'dropped' WHERE false",
            ),
            (
                "indexer/generations.py",
                'text("UPDATE search_generations SET state = \'building\' WHERE epoch = :epoch"), {"epoch": epoch}\n',
                """text(
            "INSERT INTO search_generations (epoch, alias, index_name, mapping_hash, state)"
            " VALUES (:epoch, :alias, :index, :digest, 'building')"
        ),
        {"epoch": epoch, "alias": alias, "index": index, "digest": digest},
""",
            ),
        ),
    ),
    Mutation(
        "the state of an index only changes from what it is taken for",
        "integration/indexer/test_swap.py::test_reindex_that_lost_its_lock_does_not_undo_a_later_one",
        (("indexer/generations.py", "if state != generation.state:", "if state is None:"),),
    ),
    Mutation(
        "the end of a lease, before which nobody else claims",
        "integration/test_processor.py::test_claims_of_two_workers_never_overlap",
        (
            (
                "indexer/outbox.py",
                "SELECT id FROM search_outbox WHERE visible_at <= clock_timestamp()\n",
                "SELECT id FROM search_outbox WHERE true\n",
            ),
        ),
    ),
    Mutation(
        "a claim passes by what others hold",
        "integration/test_processor.py::test_claim_passes_by_what_another_transaction_holds",
        (("indexer/outbox.py", "FOR UPDATE SKIP LOCKED", "FOR UPDATE"),),
    ),
    Mutation(
        "a late write does not revive what is newer",
        "integration/indexer/test_dead.py::test_late_write_of_an_older_version_does_not_revive_a_newer_one",
        (("indexer/dead.py", " AND d.version <= w.version", ""),),
    ),
    Mutation(
        "the look at the row before a document is set aside",
        "integration/indexer/test_dead.py::test_late_refusal_of_what_was_mended_since_buries_nobody",
        (("indexer/dead.py", " AND CASE CAST(:op AS text)", " OR CASE CAST(:op AS text)"),),
    ),
    Mutation(
        "of two releases the newer one writes",
        "integration/indexer/test_releases.py::test_worker_leaves_events_to_the_release_that_builds_an_index",
        (("indexer/processor.py", "newest.digest != self._digest:", "newest is None:"),),
    ),
    Mutation(
        "an index of the release before takes fields that it does not know",
        "integration/indexer/test_releases.py::test_new_field_stops_nothing_before_during_and_after_the_reindex",
        (("indexer/reindex.py", "await take_unknown_fields(client, generation.index)", "pass"),),
    ),
    Mutation(
        "a reindex works on changes that the release before leaves to it",
        "integration/indexer/test_releases.py::test_new_field_stops_nothing_before_during_and_after_the_reindex",
        (("indexer/reindex.py", "_work_beside(processor) if others else nullcontext()", "nullcontext()"),),
    ),
    Mutation(
        "refusals are counted for each index",
        "integration/indexer/test_releases.py::test_refusals_are_counted_for_each_index",
        (("indexer/processor.py", "self._watches[generation.index].check", 'self._watches[""].check'),),
    ),
    Mutation(
        "a bulk ends before the lease of what it writes",
        "integration/test_processor.py::test_elasticsearch_that_hangs_costs_no_attempt",
        (("indexer/processor.py", "self._client.options(request_timeout=LONGEST_BULK_S)", "self._client"),),
    ),
    Mutation(
        "documents that are too large together are sent in halves",
        "integration/test_processor.py::test_batch_that_is_too_large_is_sent_in_halves",
        (("indexer/actions.py", "if len(actions) == 1:\n            raise\n", "raise\n"),),
    ),
)
