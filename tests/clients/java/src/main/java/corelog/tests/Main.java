package corelog.tests;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Kafka's own Java client against the broker at BOOTSTRAP. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        Checks checks = new Checks(Duration.ofMinutes(5));
        try (Broker broker = new Broker()) {
            Messages messages = new Messages(broker);
            Groups groups = new Groups(broker);
            Topics topics = new Topics(broker);
            Transactions transactions = new Transactions(broker);
            TransactionAdmin transactionAdmin = new TransactionAdmin(broker);
            Absent absent = new Absent(broker);
            checks.run("roundtrip", () -> messages.roundtrip(Map.of("enable.idempotence", false)));
            checks.run("idempotent", () -> messages.roundtrip(Map.of()));
            checks.run("nulls_and_headers", messages::nullsAndHeaders);
            for (String name : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
                checks.run("compression_" + name, () -> messages.compression(name));
            }
            checks.run("one_mebibyte_none", () -> messages.oneMebibyte("none"));
            checks.run("one_mebibyte_zstd", () -> messages.oneMebibyte("zstd"));
            checks.run("too_large", messages::tooLarge);
            checks.run("timestamps", messages::timestamps);
            checks.run("log_append_time", messages::logAppendTime);
            checks.run("seek_to_beginning", messages::seekToBeginning);
            checks.run("auto_create", messages::autoCreate);
            checks.run("admin", topics::admin);
            checks.run("mistakes", topics::mistakes);
            checks.run("defaults", topics::defaults);
            checks.run("delete_records", topics::deleteRecords);
            checks.run("list_offsets", topics::listOffsets);
            checks.run("describe_cluster", topics::cluster);
            checks.run("acls", absent::acls);
            checks.run("absent", absent::others);
            checks.run("sasl", absent::sasl);
            checks.run("group_rebalance_eager", groups::rebalanceEager);
            checks.run("group_rebalance_cooperative", groups::rebalanceCooperative);
            checks.run("group_resume", groups::resume);
            checks.run("static_member", groups::staticMember);
            checks.run("group_admin", groups::admin);
            checks.run("transactions", transactions::commitAndAbort);
            checks.run("transaction_offsets", transactions::offsets);
            checks.run("transaction_fencing", transactions::fencing);
            checks.run("transactions_described", transactionAdmin::describe);
            checks.run("abort_transaction", transactionAdmin::abort);
            checks.run("fence_producers", transactionAdmin::fence);
        }
        System.exit(checks.finish());
    }
}
