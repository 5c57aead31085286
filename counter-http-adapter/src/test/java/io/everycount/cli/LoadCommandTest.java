// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class LoadCommandTest {
    private static final RawServer.Answer ACCEPTED = RawServer.status(202, "text/plain", "");

    @TempDir
    Path directory;

    @Test
    void everything_acknowledged_is_exit_0_and_every_increment_is_in_the_record() throws IOException {
        try (RawServer server = new RawServer(n -> ACCEPTED)) {
            CommandRun run = load(server, "--increments", "500", "--connections", "4", "--keys", "7", "--prefix", "k");

            assertThat(run.status()).as(run.all()).isZero();
            assertThat(server.requests).hasSize(500);
            assertThat(recorded().values().stream()
                            .mapToLong(RecordFile.Entry::acknowledged)
                            .sum())
                    .isEqualTo(500);
            recorded()
                    .forEach((key, entry) -> assertThat(entry.acknowledged())
                            .isEqualTo(server.requests.stream()
                                    .filter(request -> request.body().equals("key=" + key + "&value=1"))
                                    .count()));
            assertThat(run.out()).containsPattern("acknowledged +500 +500\n").contains("recorded in");
        }
    }

    @Test
    void keeps_connections_alive() throws IOException {
        try (RawServer server = new RawServer(n -> ACCEPTED)) {
            load(server, "--increments", "2000", "--connections", "4");

            // One looks whether anybody listens.
            assertThat(server.connections()).isLessThanOrEqualTo(1 + 4);
        }
    }

    @Test
    void a_refused_request_is_rejected_and_not_in_the_record() throws IOException {
        RawServer.Answer full = RawServer.status(503, "application/problem+json", "{\"title\":\"Too many keys\"}");
        try (RawServer server = new RawServer(n -> n % 2 == 0 ? ACCEPTED : full)) {
            CommandRun run = load(server, "--increments", "10", "--connections", "1");

            assertThat(run.status()).isOne();
            assertThat(sums()).containsExactly(5, 0);
            assertThat(run.out()).containsPattern("503 Too many keys +5\n").containsPattern("rejected +5 +5\n");
        }
    }

    @Test
    void a_connection_cut_without_an_answer_is_unknown_and_nothing_is_sent_again() throws IOException {
        // From the second request on, the connection is one from the client's pool.
        try (RawServer server = new RawServer(n -> n % 3 == 2 ? RawServer.cut() : ACCEPTED)) {
            CommandRun run = load(server, "--increments", "30", "--connections", "1");

            assertThat(run.status()).isOne();
            assertThat(server.requests).as("requests that the server saw").hasSize(30);
            assertThat(sums()).containsExactly(20, 10);
            assertThat(run.out()).contains("connection lost before the answer was complete        10");
        }
    }

    @Test
    void an_answer_cut_in_its_middle_is_unknown() throws IOException {
        List<RawServer.Answer> cuts = List.of(
                RawServer.cutWithin("HTTP/1.1 202 Acc"),
                RawServer.cutWithin("HTTP/1.1 202 Accepted\r\nContent-Le"),
                RawServer.cutWithin("HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\n12345"),
                RawServer.cutWithin("HTTP/1.1 503 Full\r\nContent-Length: 10\r\n\r\n12345"));
        try (RawServer server = new RawServer(cuts::get)) {
            CommandRun run = load(server, "--increments", "4", "--connections", "1");

            assertThat(run.status()).isOne();
            assertThat(server.requests).hasSize(4);
            assertThat(sums()).containsExactly(0, 4);
        }
    }

    @Test
    void no_answer_in_time_is_unknown_also_when_only_its_body_is_late() throws IOException {
        RawServer.Answer lateBody = (request, socket) -> {
            socket.getOutputStream().write("HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\n1".getBytes());
            socket.getOutputStream().flush();
            return socket.getInputStream().read() >= 0;
        };
        try (RawServer server = new RawServer(n -> n == 0 ? RawServer.silence() : lateBody)) {
            CommandRun run = load(server, "--increments", "2", "--connections", "1", "--timeout", "300ms");

            assertThat(run.status()).isOne();
            assertThat(sums()).containsExactly(0, 2);
            assertThat(run.out()).contains("no answer within 300 ms         2");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "200, ACKNOWLEDGED", "202, ACKNOWLEDGED", "204, UNKNOWN", "301, UNKNOWN", "400, REJECTED", "401, REJECTED",
        "408, REJECTED", "413, REJECTED", "429, REJECTED", "499, REJECTED", "500, UNKNOWN", "502, UNKNOWN",
        "503, UNKNOWN", "503 problem, REJECTED", "504, UNKNOWN", "502 problem, UNKNOWN"
    })
    void only_an_answer_that_promises_it_means_that_nothing_was_counted(String given, Outcome outcome)
            throws IOException {
        int status = Integer.parseInt(given.substring(0, 3));
        boolean isProblem = given.endsWith("problem");
        assertThat(Outcome.of(status, isProblem)).isEqualTo(outcome);
        String head = "HTTP/1.1 " + status + " X\r\nLocation: /increment\r\nContent-Length: 0\r\n"
                + (isProblem ? "Content-Type: application/problem+json\r\n" : "")
                + (status == 204 ? "" : "WWW-Authenticate: Basic\r\n") + "\r\n";
        RawServer.Answer answer = (request, socket) -> {
            socket.getOutputStream().write(head.getBytes());
            return true;
        };
        try (RawServer server = new RawServer(n -> answer)) {
            CommandRun run = load(server, "--increments", "1", "--connections", "1");

            assertThat(server.requests)
                    .as("neither redirect nor login is followed")
                    .hasSize(1);
            assertThat(run.status()).isEqualTo(outcome == Outcome.ACKNOWLEDGED ? 0 : 1);
            assertThat(sums())
                    .containsExactly(outcome == Outcome.ACKNOWLEDGED ? 1 : 0, outcome == Outcome.UNKNOWN ? 1 : 0);
        }
    }

    @Test
    void an_unreachable_adapter_is_said_at_once() {
        CommandRun run = CommandRun.of("load", "--url", "http://127.0.0.1:1", "--increments", "5");

        assertThat(run.status()).isOne();
        assertThat(run.err()).contains("nobody listens at http://127.0.0.1:1/").doesNotContain("at io.everycount");
    }

    @Test
    void a_server_that_goes_away_during_the_run_costs_no_record() throws IOException {
        RawServer[] server = new RawServer[1];
        RawServer.Answer last = (request, socket) -> {
            server[0].close();
            return false;
        };
        try (RawServer opened = new RawServer(n -> n < 10 ? ACCEPTED : last)) {
            server[0] = opened;
            CommandRun run = load(opened, "--increments", "20", "--connections", "1");

            assertThat(run.status()).isOne();
            // A connection that is opened while the port closes may still get a request out.
            assertThat(sums()[0]).isEqualTo(10);
            assertThat(sums()[1]).isBetween(1, 5);
            assertThat(run.out()).containsPattern("no connection +[5-9]\n");
        }
    }

    @Test
    void several_targets_get_requests_in_turn() throws IOException {
        try (RawServer one = new RawServer(n -> ACCEPTED);
                RawServer two = new RawServer(n -> ACCEPTED)) {
            CommandRun run = load(one, "--url", two.url(), "--increments", "100");

            assertThat(run.status()).isZero();
            assertThat(one.requests).hasSize(50);
            assertThat(two.requests).hasSize(50);
        }
    }

    @Test
    void bulk_requests_are_written_as_asked_for_and_the_last_one_has_the_rest() throws IOException {
        try (RawServer server = new RawServer(n -> ACCEPTED)) {
            String[] shape = {"--increments", "5", "--bulk", "2", "--keys", "1", "--prefix", "a", "--connections", "1"};
            load(server, shape);
            load(server, with(shape, "--format", "lines"));

            assertThat(server.requests.stream().map(RawServer.Request::body))
                    .containsExactly(
                            "[{\"key\":\"a0\",\"value\":1},{\"key\":\"a0\",\"value\":1}]\n",
                            "[{\"key\":\"a0\",\"value\":1},{\"key\":\"a0\",\"value\":1}]\n",
                            "{\"key\":\"a0\",\"value\":1}\n",
                            "a0 1\na0 1\n",
                            "a0 1\na0 1\n",
                            "a0 1\n");
            assertThat(server.requests.stream().map(RawServer.Request::line))
                    .containsExactly(
                            "POST /increments HTTP/1.1",
                            "POST /increments HTTP/1.1",
                            "POST /increment HTTP/1.1",
                            "POST /increments HTTP/1.1",
                            "POST /increments HTTP/1.1",
                            "POST /increments HTTP/1.1");
            assertThat(sums()).containsExactly(5, 0);
        }
    }

    @Test
    void the_acknowledgement_and_the_api_key_go_into_headers_and_the_key_nowhere_else() throws IOException {
        Path key = Files.writeString(directory.resolve("key"), "id.s3cret\n");
        try (RawServer server = new RawServer(n -> RawServer.status(200, "text/plain", ""))) {
            CommandRun run = load(server, "--increments", "1", "--ack", "sink", "--api-key-file", key.toString());

            assertThat(run.status()).isZero();
            assertThat(server.requests.get(0).head())
                    .contains("Prefer: ack=sink\r\n")
                    .contains("Authorization: Bearer id.s3cret\r\n");
            assertThat(run.all()).doesNotContain("s3cret");
        }
    }

    @Test
    void with_a_rate_a_stall_is_in_the_latency_of_every_request_that_was_due_meanwhile() throws IOException {
        RawServer.Answer stall = (request, socket) -> {
            // The stall itself is what is tested; nothing is waited for.
            Thread.sleep(500);
            return ACCEPTED.to(request, socket);
        };
        try (RawServer server = new RawServer(n -> n == 0 ? stall : ACCEPTED)) {
            CommandRun run = load(server, "--increments", "100", "--connections", "1", "--rate", "200/s");

            // One request in a hundred was slow; without the correction the median would be below a millisecond.
            assertThat(run.status()).isZero();
            assertThat(run.out()).contains("corrected for coordinated omission");
            String latencies = run.out()
                    .lines()
                    .dropWhile(line -> !line.startsWith("latency"))
                    .skip(1)
                    .findFirst()
                    .orElseThrow();
            assertThat(latencies.strip()).matches("[0-9]{3} ms .*");
        }
    }

    @Test
    void a_run_ends_after_its_duration() throws IOException {
        try (RawServer server = new RawServer(n -> ACCEPTED)) {
            CommandRun run = load(server, "--duration", "300ms", "--rate", "100/s", "--connections", "2");

            assertThat(run.status()).isZero();
            assertThat(server.requests.size()).isBetween(1, 31);
            assertThat(sums()).containsExactly(server.requests.size(), 0);
        }
    }

    @Test
    void the_same_seed_gives_the_same_increments() throws IOException {
        String[] shape = {"--increments", "50", "--seed", "42", "--prefix", "p", "--connections", "3"};
        try (RawServer server = new RawServer(n -> ACCEPTED)) {
            load(server, shape);
            Map<String, RecordFile.Entry> first = recorded();
            load(server, shape);
            assertThat(recorded()).isEqualTo(first);
        }
    }

    @Test
    void keys_differ_from_run_to_run_unless_a_prefix_is_given() throws IOException {
        try (RawServer server = new RawServer(n -> ACCEPTED)) {
            load(server, "--increments", "1", "--seed", "1");
            Map<String, RecordFile.Entry> first = recorded();
            load(server, "--increments", "1", "--seed", "1");
            assertThat(recorded().keySet()).isNotEqualTo(first.keySet());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--url ftp://h | http://host:port",
                "--url http://h/path | without a path",
                "--increments 0 | 1 to 1000000000000",
                "--increments x | 1 to 1000000000000",
                "--duration 5 | 1ms to 7d",
                "--connections 0 | 1 to 4096",
                "--connections 5000 | 1 to 4096",
                "--rate slow | 1/s to 10,000,000/s",
                "--keys 0 | 1 to 1000000",
                "--bulk 0 | 1 to 100000",
                "--bulk 2 --format form | use json or lines",
                "--distribution normal | ZIPF, UNIFORM, HOT",
                "--ack disk | MEMORY, JOURNAL, SINK",
                "--record /no/such/place | cannot be written: there is no such file",
                "--api-key-file /no/such/place | cannot be read: there is no such file",
                "--cacert /no/such/place | cannot be read: there is no such file",
                "--increment 5 | did you mean --increments",
            })
    void mistakes_are_exit_2_and_say_what_is_allowed(String arguments, String message) {
        CommandRun run = CommandRun.of(Stream.concat(Stream.of("load"), Arrays.stream(arguments.split(" ")))
                .toArray(String[]::new));

        assertThat(run.status()).as(run.all()).isEqualTo(2);
        assertThat(run.err()).contains(message).doesNotContain("at io.everycount");
    }

    private CommandRun load(RawServer server, String... more) {
        return CommandRun.of(with(new String[] {"load", "--url", server.url(), "--record", record().toString()}, more));
    }

    private static String[] with(String[] some, String... more) {
        return Stream.concat(Arrays.stream(some), Arrays.stream(more)).toArray(String[]::new);
    }

    private Path record() {
        return directory.resolve("record.tsv");
    }

    private Map<String, RecordFile.Entry> recorded() {
        return RecordFile.read(record());
    }

    private int[] sums() {
        return new int[] {
            (int) recorded().values().stream()
                    .mapToLong(RecordFile.Entry::acknowledged)
                    .sum(),
            (int) recorded().values().stream()
                    .mapToLong(RecordFile.Entry::unknown)
                    .sum()
        };
    }
}
