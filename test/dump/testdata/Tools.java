import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Runs main methods of Kafka's tools in one process. A line of the input is
 * the class, the files for the output and the errors, and the arguments,
 * with tabs between; the answer is the exit code.
 */
public class Tools {
    static class Exited extends Error {
        final int code;

        Exited(int code) {
            super(null, null, false, false);
            this.code = code;
        }
    }

    /** Makes Kafka's own exit throw. Its class stands in another package from 4.4 on. */
    static void catchExits() throws Exception {
        for (String name : new String[] {"org.apache.kafka.common.utils.internals.Exit", "org.apache.kafka.common.utils.Exit"}) {
            Class<?> exit;
            try {
                exit = Class.forName(name);
            } catch (ClassNotFoundException e) {
                continue;
            }
            Class<?> procedure = Class.forName(name + "$Procedure");
            Object thrower = Proxy.newProxyInstance(Tools.class.getClassLoader(), new Class<?>[] {procedure}, (p, m, args) -> {
                throw new Exited((Integer) args[0]);
            });
            exit.getMethod("setExitProcedure", procedure).invoke(null, thrower);
            exit.getMethod("setHaltProcedure", procedure).invoke(null, thrower);
        }
    }

    static int run(String[] words) throws Exception {
        PrintStream out = System.out;
        PrintStream err = System.err;
        try (PrintStream newOut = new PrintStream(new FileOutputStream(words[1]), false, StandardCharsets.UTF_8);
             PrintStream newErr = new PrintStream(new FileOutputStream(words[2]), false, StandardCharsets.UTF_8)) {
            System.setOut(newOut);
            System.setErr(newErr);
            try {
                String[] args = Arrays.copyOfRange(words, 3, words.length);
                Class.forName(words[0]).getMethod("main", String[].class).invoke(null, (Object) args);
                return 0;
            } catch (InvocationTargetException e) {
                if (e.getCause() instanceof Exited) {
                    return ((Exited) e.getCause()).code;
                }
                e.getCause().printStackTrace(newErr);
                return 1; // as the virtual machine ends after an exception
            }
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    public static void main(String[] args) throws Exception {
        catchExits();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println(run(line.split("\t", -1)));
            System.out.flush();
        }
    }
}
