package corelog.tests;

import static corelog.tests.Checks.check;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.SecurityDisabledException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** What a broker may lack: whoever asks for it is told so at once. */
final class Absent {
    private final Broker broker;

    Absent(Broker broker) {
        this.broker = broker;
    }

    private static String text(Throwable error) {
        return error == null ? "" : error + "; " + text(error.getCause());
    }

    /** Rules of access, where there is no authorizer: Kafka's own error. */
    void acls() throws Exception {
        ResourcePattern topic = new ResourcePattern(ResourceType.TOPIC, "t", PatternType.LITERAL);
        AccessControlEntry entry = new AccessControlEntry("User:u", "*", AclOperation.READ, AclPermissionType.ALLOW);
        ended(SecurityDisabledException.class, false, () -> broker.admin.describeAcls(AclBindingFilter.ANY).values().get());
        ended(SecurityDisabledException.class, false, () ->
            broker.admin.createAcls(List.of(new AclBinding(topic, entry))).all().get());
        ended(SecurityDisabledException.class, false, () -> broker.admin.deleteAcls(List.of(AclBindingFilter.ANY)).all().get());
    }

    /** What ApiVersions does not name is answered, or the client says so itself. */
    void others() throws Exception {
        Class<? extends Exception> lacks = UnsupportedVersionException.class;
        ended(lacks, true, () -> broker.admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get());
        ended(lacks, true, () -> broker.admin.describeUserScramCredentials().all().get());
        ended(lacks, true, () -> broker.admin.describeMetadataQuorum().quorumInfo().get());
    }

    /** Whoever authenticates where nobody has to. */
    void sasl() throws Exception {
        Map<String, Object> config = Map.of(
            "bootstrap.servers", Broker.BOOTSTRAP,
            "security.protocol", "SASL_PLAINTEXT",
            "sasl.mechanism", "PLAIN",
            "sasl.jaas.config",
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"p\";");
        try (Admin admin = Admin.create(config)) {
            ended(AuthenticationException.class, false, () -> admin.describeCluster().clusterId().get());
        }
    }

    private static void ended(Class<? extends Exception> error, boolean maySucceed, Checks.Check action) throws Exception {
        try {
            action.run();
        } catch (ExecutionException e) {
            check(error.isInstance(e.getCause()), "want " + error.getSimpleName() + ", got " + text(e));
            return;
        }
        check(maySucceed, "accepted, want " + error.getSimpleName());
    }
}
