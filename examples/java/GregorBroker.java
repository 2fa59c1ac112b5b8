import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A real broker for the tests of a Java project, from the gregor binary.
 *
 * <pre>{@code
 * try (GregorBroker broker = GregorBroker.start(Map.of("num.partitions", "3"))) {
 *     Map<String, Object> config = Map.of("bootstrap.servers", broker.bootstrapServers());
 * }
 * }</pre>
 *
 * It starts in a few milliseconds on a free port of loopback, keeps its data in
 * memory, and is gone when it is closed. The environment variable GREGOR names
 * the binary where it is not on the PATH.
 */
public final class GregorBroker implements AutoCloseable {
    private final Process process;
    private final String bootstrapServers;

    private GregorBroker(Process process, String bootstrapServers) {
        this.process = process;
        this.bootstrapServers = bootstrapServers;
    }

    /** Starts a broker with settings of server.properties, and returns when it serves. */
    public static GregorBroker start(Map<String, String> properties) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                System.getenv().getOrDefault("GREGOR", "gregor"), "start", "--memory", "--quiet",
                "--override", "listeners=PLAINTEXT://127.0.0.1:0"));
        properties.forEach((key, value) -> command.addAll(List.of("--override", key + "=" + value)));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            String[] words = line.trim().split("[ ,]+");
            if (words[0].equals("listening")) { // "  listening  127.0.0.1:41233"
                return new GregorBroker(process, words[1]);
            }
        }
        throw new IOException(command.get(0) + " did not start; its last line on standard error says why");
    }

    public String bootstrapServers() {
        return bootstrapServers;
    }

    @Override
    public void close() {
        process.destroy(); // SIGTERM: a clean stop
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
