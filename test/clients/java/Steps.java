import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.concurrent.ExecutionException;

/** What the Java script's steps share: one line of JSON for each. */
final class Steps {
    /** The first record's timestamp: 2020-01-01. */
    static final long TIMESTAMP = 1577836800000L;
    /** A value that makes a request of 100 MiB with its headers. */
    static final int LARGE = 104857600 - 1024;

    final String bootstrap;
    final String prefix;

    Steps(String bootstrap, String prefix) {
        this.bootstrap = bootstrap;
        this.prefix = prefix;
    }

    interface Body {
        Object run() throws Exception;
    }

    interface Check {
        boolean run() throws Exception;
    }

    String topic(String name) {
        return prefix + name;
    }

    void step(String name, Body body) {
        try {
            print(name, "answer", String.valueOf(body.run()));
        } catch (Throwable t) {
            System.err.println(name);
            t.printStackTrace();
            print(name, "error", t.getClass().getSimpleName());
        }
    }

    void cannot(String name, String reason) {
        print(name, "cannot", reason);
    }

    private static void print(String step, String key, String text) {
        StringBuilder out = new StringBuilder("{\"step\": \"" + step + "\", \"" + key + "\": \"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        synchronized (System.out) {
            System.out.println(out.append("\"}"));
            System.out.flush();
        }
    }

    /** The class of the error that a call ends with. */
    static String error(Body call) {
        try {
            call.run();
            return "no error";
        } catch (ExecutionException e) {
            return e.getCause().getClass().getSimpleName();
        } catch (Exception e) {
            return e.getClass().getSimpleName();
        }
    }

    static void until(String what, Check check) throws Exception {
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (!check.run()) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException(what + ": not in time");
            }
            Thread.sleep(20);
        }
    }

    static byte[] largeValue() {
        byte[] value = new byte[LARGE];
        byte[] pattern = "0123456789abcdef".getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < value.length; i++) {
            value[i] = pattern[i % pattern.length];
        }
        return value;
    }

    static String digest(byte[] data) throws Exception {
        StringBuilder hex = new StringBuilder(data.length + " bytes ");
        for (byte b : MessageDigest.getInstance("MD5").digest(data)) {
            hex.append(String.format("%02x", b));
        }
        return hex.toString();
    }
}
