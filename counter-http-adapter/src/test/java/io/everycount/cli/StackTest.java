// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What has to hold of the files in docker/, as far as it can be seen without an engine. */
class StackTest {
    private static final Path DOCKER = Path.of("../docker");
    private static final Path DOCS = Path.of("../docs");
    private static final String PINNED = "[^@\\s]+@sha256:[0-9a-f]{64}";
    private static final Set<String> MAY_HAVE_A_WAY_OUT = Set.of("lb");

    private static final Map<String, Object> COMPOSE = yaml(DOCKER.resolve("compose.yaml"));
    private static final Map<String, Map<String, Object>> SERVICES = services();
    private static final String DOCKERFILE = text(DOCKER.resolve("Dockerfile"));

    @Test
    void the_balancer_alone_is_published_and_on_this_machine_only() {
        SERVICES.forEach((name, service) -> {
            List<Object> ports = list(service.get("ports"));
            if (name.equals("lb")) {
                assertThat(ports).hasSize(1);
                assertThat((String) ports.get(0)).startsWith("127.0.0.1:");
            } else {
                assertThat(ports).as("ports of " + name).isEmpty();
            }
            assertThat(service).as(name).doesNotContainKeys("network_mode", "container_name", "expose");
        });
    }

    @Test
    void no_service_has_more_rights_than_it_needs() {
        SERVICES.forEach((name, service) -> {
            assertThat(service).as(name).containsEntry("read_only", true).containsEntry("cap_drop", List.of("ALL"));
            assertThat(list(service.get("security_opt"))).as(name).contains("no-new-privileges:true");
            assertThat(service).as(name).doesNotContainKeys("privileged", "cap_add", "pid", "devices", "ipc");
            assertThat(service).as(name).containsKeys("mem_limit", "cpus", "restart", "logging");
            assertThat(service.getOrDefault("volumes", "").toString()).doesNotContain("docker.sock");
            if (!isOurs(service)) {
                assertThat(service.get("user")).as("user of " + name).asString().doesNotMatch("(0|root)(:.*)?");
                assertThat(service).as(name).containsKeys("healthcheck", "stop_grace_period");
            }
        });
        assertThat(DOCKERFILE).containsPattern("(?m)^USER [1-9][0-9]*:[1-9][0-9]*$");
        assertThat(DOCKERFILE.lastIndexOf("\nUSER ")).isGreaterThan(DOCKERFILE.lastIndexOf("\nFROM "));
    }

    @Test
    void only_the_balancer_is_in_a_network_with_a_way_out_and_only_adapters_are_with_the_database() {
        Map<String, Map<String, Object>> networks = maps(COMPOSE.get("networks"));
        SERVICES.forEach((name, service) -> {
            List<Object> joined = list(service.get("networks"));
            assertThat(joined).as("networks of " + name).isNotEmpty();
            for (Object network : joined) {
                boolean isInternal =
                        Boolean.TRUE.equals(networks.get((String) network).get("internal"));
                assertThat(isInternal || MAY_HAVE_A_WAY_OUT.contains(name))
                        .as(name + " in " + network)
                        .isTrue();
                if (network.equals("data")) {
                    assertThat(name.equals("db") || isOurs(service)).as(name).isTrue();
                }
            }
        });
    }

    @Test
    void images_are_pinned_by_digest_and_can_be_replaced() {
        Map<String, String> pins = new TreeMap<>();
        SERVICES.forEach((name, service) -> {
            if (!isOurs(service)) {
                Matcher image = Pattern.compile("\\$\\{([A-Z]+_IMAGE):-(" + PINNED + ")}")
                        .matcher((String) service.get("image"));
                assertThat(image.matches()).as("image of " + name).isTrue();
                pins.put(image.group(1), image.group(2));
            }
        });
        Matcher argument = Pattern.compile("(?m)^ARG ([A-Z]+_IMAGE)=(.*)$").matcher(DOCKERFILE);
        while (argument.find()) {
            assertThat(argument.group(2)).matches(PINNED);
            assertThat(pins.merge(argument.group(1), argument.group(2), (one, other) -> one))
                    .as("one pin of " + argument.group(1))
                    .isEqualTo(argument.group(2));
        }
        assertThat(pins).hasSize(6);
    }

    @Test
    void the_dockerfile_builds_on_arguments_and_starts_java_itself() {
        Set<String> stages = new HashSet<>();
        for (String line : DOCKERFILE.lines().filter(l -> l.startsWith("FROM ")).toList()) {
            String[] words = line.split(" ");
            assertThat(words[1].matches("\\$\\{[A-Z]+_IMAGE}") || stages.contains(words[1]))
                    .as(line)
                    .isTrue();
            stages.add(words[words.length - 1]);
        }
        assertThat(DOCKERFILE)
                .containsPattern("(?m)^ENTRYPOINT \\[\"java\"")
                .containsPattern("(?m)^CMD \\[\"serve\"]$")
                .containsPattern("(?m)^STOPSIGNAL SIGTERM$")
                .containsPattern("(?m)^HEALTHCHECK .*--start-interval=.* CMD \\[")
                .doesNotContainPattern("(?i)# *syntax *=")
                .doesNotContainPattern("(?m)^(ADD|SHELL|MAINTAINER) ")
                .doesNotContainPattern("curl|wget|chmod 777|sudo|:latest|--no-check-certificate");
    }

    @Test
    void there_are_no_secrets_in_files_that_are_committed() {
        Map<String, Map<String, Object>> secrets = maps(COMPOSE.get("secrets"));
        secrets.forEach((name, secret) ->
                assertThat(secret).containsExactly(Map.entry("file", "${EVERYCOUNT_SECRETS:-./secrets}/" + name)));
        Set<Object> used = new TreeSet<>();
        SERVICES.forEach((name, service) -> {
            used.addAll(list(service.get("secrets")));
            map(service.get("environment")).forEach((variable, value) -> {
                if (variable.matches(".*(PASSWORD|SECRET|TOKEN|CREDENTIAL|_KEY).*")) {
                    assertThat(variable).as(name).endsWith("_FILE");
                    assertThat(value.toString()).as(variable).startsWith("/run/");
                }
            });
        });
        assertThat(used).isEqualTo(new TreeSet<>(secrets.keySet()));
        assertThat(text(Path.of("../.gitignore"))).contains("\ndocker/secrets/\n");
        String made = text(DOCKER.resolve("secrets.sh"));
        assertThat(secrets.keySet()).allSatisfy(name -> assertThat(made).contains(name));
    }

    @Test
    void adapters_are_given_settings_that_exist_and_time_to_stop() {
        Set<String> known = new TreeSet<>(Set.of("EVERYCOUNT_API_KEY_FILE"));
        for (Setting<?> setting : Setting.all()) {
            known.add(setting.variable() + (setting.isSecret() ? "_FILE" : ""));
        }
        Map<String, Object> environment = map(SERVICES.get("app").get("environment"));
        assertThat(known).containsAll(environment.keySet());
        assertThat(known)
                .containsAll(map(SERVICES.get("tools").get("environment")).keySet());
        Matcher inImage = Pattern.compile("(?m)^ +(EVERYCOUNT_[A-Z_]+)=").matcher(DOCKERFILE);
        while (inImage.find()) {
            assertThat(known).contains(inImage.group(1));
        }
        Duration drain =
                Setting.DRAIN_TIME.kind().reader().apply((String) environment.get(Setting.DRAIN_TIME.variable()));
        Duration stop = Setting.SHUTDOWN_TIMEOUT.kind().reader().apply((String)
                environment.get(Setting.SHUTDOWN_TIMEOUT.variable()));
        Duration grace = Setting.DRAIN_TIME.kind().reader().apply((String)
                SERVICES.get("app").get("stop_grace_period"));
        assertThat(grace).isGreaterThan(drain.plus(stop));

        Matcher check =
                Pattern.compile("check port 8081 inter (\\d+)ms fall 1 ").matcher(haproxy());
        assertThat(check.find()).isTrue();
        assertThat(drain).isGreaterThan(Duration.ofMillis(2 * Long.parseLong(check.group(1))));
    }

    @Test
    void the_balancer_sends_nothing_twice_that_may_have_been_counted() {
        assertThat(haproxy().lines().map(String::strip).filter(line -> line.startsWith("retry-on")))
                .containsExactly("retry-on conn-failure");
        assertThat(haproxy()).doesNotContain("retry-on all").doesNotContain("shutdown-sessions");
    }

    @Test
    void dashboards_and_alerts_ask_for_metrics_that_are_documented() {
        Set<String> documented = new TreeSet<>();
        Matcher row =
                Pattern.compile("(?m)^\\| `(everycount_[a-z_]+)` \\| (\\w+)").matcher(text(DOCS.resolve("metrics.md")));
        while (row.find()) {
            if (row.group(2).equals("histogram")) {
                Stream.of("_bucket", "_sum", "_count").forEach(suffix -> documented.add(row.group(1) + suffix));
            } else {
                documented.add(row.group(1));
            }
        }
        assertThat(documented).hasSizeGreaterThan(40);
        List<String> expressions = new ArrayList<>();
        dashboards().values().forEach(dashboard -> expressions.addAll(expressions(dashboard)));
        rules().forEach(rule -> expressions.add((String) rule.get("expr")));
        assertThat(expressions).hasSizeGreaterThan(80);
        Set<String> asked = expressions.stream()
                .flatMap(expression -> Pattern.compile("\\beverycount_[a-z_]+")
                        .matcher(expression)
                        .results()
                        .map(result -> result.group()))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(documented).containsAll(asked);
    }

    @Test
    void every_alert_has_a_test_and_a_paragraph_for_whoever_is_woken_by_it() {
        String operations = text(DOCS.resolve("operations.md"));
        String tests = text(DOCKER.resolve("prometheus/rules_test.yml"));
        assertThat(rules()).hasSizeGreaterThan(10).allSatisfy(rule -> {
            String name = (String) rule.get("alert");
            assertThat(operations).contains("\n### " + name + "\n");
            assertThat(tests).contains("alertname=\"" + name + "\"");
            assertThat(map(rule.get("annotations")))
                    .containsKey("summary")
                    .containsEntry("runbook", "docs/operations.md#" + name.toLowerCase(java.util.Locale.ROOT));
            assertThat(map(rule.get("labels")).get("severity")).isIn("critical", "warning");
        });
    }

    @Test
    void dashboards_have_ids_of_their_own_and_the_data_source_that_is_provisioned() {
        Object source = map(list(yaml(DOCKER.resolve("grafana/provisioning/datasources/prometheus.yaml"))
                                .get("datasources"))
                        .get(0))
                .get("uid");
        Set<Object> ids = new HashSet<>();
        dashboards().forEach((file, dashboard) -> {
            assertThat(ids.add(dashboard.get("uid"))).as(file.toString()).isTrue();
            Set<Object> panels = new HashSet<>();
            for (Object each : list(dashboard.get("panels"))) {
                Map<String, Object> panel = map(each);
                assertThat(panels.add(panel.get("id"))).as(panel.toString()).isTrue();
                if (!"row".equals(panel.get("type"))) {
                    assertThat(map(panel.get("datasource"))).containsEntry("uid", source);
                    assertThat(list(panel.get("targets"))).isNotEmpty();
                }
            }
        });
        assertThat(ids).hasSize(2);
    }

    private static boolean isOurs(Map<String, Object> service) {
        return service.get("image").equals("${EVERYCOUNT_IMAGE:-everycount:local}");
    }

    private static String haproxy() {
        return text(DOCKER.resolve("haproxy/haproxy.cfg"));
    }

    private static List<Map<String, Object>> rules() {
        return list(yaml(DOCKER.resolve("prometheus/rules.yml")).get("groups")).stream()
                .flatMap(group -> list(map(group).get("rules")).stream())
                .map(StackTest::map)
                .toList();
    }

    /** JSON is YAML. */
    private static Map<Path, Map<String, Object>> dashboards() {
        try (Stream<Path> files = Files.list(DOCKER.resolve("grafana/dashboards"))) {
            return files.collect(Collectors.toMap(file -> file, StackTest::yaml));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> expressions(Map<String, Object> dashboard) {
        return list(dashboard.get("panels")).stream()
                .flatMap(panel -> list(map(panel).get("targets")).stream())
                .map(target -> (String) map(target).get("expr"))
                .toList();
    }

    /** Those that there are, with what they take from others. */
    private static Map<String, Map<String, Object>> services() {
        Map<String, Map<String, Object>> services = new TreeMap<>();
        maps(COMPOSE.get("services")).forEach((name, service) -> services.put(name, merged(service)));
        return services;
    }

    /** With what {@code <<} names, which YAML 1.2 does not know. */
    private static Map<String, Object> merged(Map<String, Object> given) {
        Map<String, Object> all = new TreeMap<>();
        if (given.containsKey("<<")) {
            all.putAll(merged(map(given.get("<<"))));
        }
        given.forEach((key, value) -> {
            if (!key.equals("<<")) {
                all.put(key, value instanceof Map ? merged(map(value)) : value);
            }
        });
        return all;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return value == null ? Map.of() : (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Map<String, Object>> maps(Object value) {
        return (Map<String, Map<String, Object>>) value;
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object value) {
        return value == null ? List.of() : (List<Object>) value;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> yaml(Path file) {
        return (Map<String, Object>) new Load(LoadSettings.builder().build()).loadFromString(text(file));
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
