import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Runs the main methods of Kafka's commands one after the other in one JVM: a
 * command then costs milliseconds, not the start of a JVM. Requests come on
 * standard input, answers go to standard output, both framed.
 *
 * request: class name, number of arguments, arguments, length of stdin, stdin
 * answer: exit code, length of stdout, stdout, length of stderr, stderr
 *
 * The classes of the commands themselves are loaded anew each time, since some
 * count in static fields, but for the commands that the property tools.kept
 * names; the client's classes are shared.
 */
public class Tools {
    /**
     * Thrown where a command ends its process. Some commands catch it and go on
     * to print it and to end once more: only the first end counts, and what is
     * printed after it is nobody's.
     */
    static final class Exited extends Error {
        static volatile Integer first;

        Exited(int code) {
            super("exit " + code, null, false, false);
            if (first == null) {
                first = code;
                System.out.flush();
                System.err.flush();
                System.setOut(new PrintStream(java.io.OutputStream.nullOutputStream()));
                System.setErr(new PrintStream(java.io.OutputStream.nullOutputStream()));
            }
        }
    }

    /** Loads the commands' own packages itself, before its parent is asked. */
    static final class Fresh extends URLClassLoader {
        Fresh(URL[] urls, ClassLoader parent) {
            super(urls, parent);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                boolean own = name.startsWith("org.apache.kafka.tools.") || name.startsWith("kafka.");
                if (own && findLoadedClass(name) == null) {
                    try {
                        return findClass(name);
                    } catch (ClassNotFoundException e) {
                        return super.loadClass(name, resolve);
                    }
                }
                return super.loadClass(name, resolve);
            }
        }
    }

    static final List<String> KEPT = List.of(System.getProperty("tools.kept", "").split(","));

    /** argparse4j ends the process itself, past Kafka's Exit: this stops it. */
    @SuppressWarnings("removal")
    static final class NoExit extends SecurityManager {
        static volatile boolean done;

        @Override
        public void checkExit(int status) {
            if (!done) {
                throw new Exited(status);
            }
        }

        @Override
        public void checkPermission(java.security.Permission permission) {
        }

        @Override
        public void checkPermission(java.security.Permission permission, Object context) {
        }
    }

    @SuppressWarnings("removal")
    public static void main(String[] args) throws Exception {
        System.setSecurityManager(new NoExit());
        DataInputStream requests = new DataInputStream(System.in);
        DataOutputStream answers = new DataOutputStream(System.out);
        List<URL> urls = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(java.io.File.pathSeparator)) {
            urls.add(Paths.get(entry).toUri().toURL());
        }
        while (true) {
            String name;
            try {
                name = requests.readUTF();
            } catch (java.io.EOFException e) {
                NoExit.done = true;
                System.exit(0);
                return;
            }
            String[] words = new String[requests.readInt()];
            for (int i = 0; i < words.length; i++) {
                words[i] = requests.readUTF();
            }
            byte[] stdin = new byte[requests.readInt()];
            requests.readFully(stdin);
            run(urls.toArray(new URL[0]), name, words, stdin, answers);
        }
    }

    static void run(URL[] urls, String name, String[] words, byte[] stdin, DataOutputStream answers) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream oldOut = System.out;
        PrintStream oldErr = System.err;
        InputStream oldIn = System.in;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        System.setIn(new ByteArrayInputStream(stdin));
        int code = 0;
        Exited.first = null;
        Thread.UncaughtExceptionHandler old = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((t, e) -> { });
        ConcurrentLinkedQueue<Runnable> hooks = new ConcurrentLinkedQueue<>();
        try (Fresh loader = new Fresh(urls, Tools.class.getClassLoader())) {
            trap(hooks);
            boolean kept = KEPT.contains(name);
            ClassLoader from = kept ? Tools.class.getClassLoader() : loader;
            Thread.currentThread().setContextClassLoader(from);
            from.loadClass(name).getMethod("main", String[].class).invoke(null, (Object) words);
        } catch (InvocationTargetException e) {
            if (Exited.first == null) {
                System.err.println("Exception in thread \"main\" " + e.getCause());
                code = 1;
            }
        } finally {
            for (Runnable hook : hooks) {
                try {
                    hook.run();
                } catch (Throwable e) {
                    // a hook of a command that has ended already
                }
            }
            System.setOut(oldOut);
            System.setErr(oldErr);
            System.setIn(oldIn);
            Thread.setDefaultUncaughtExceptionHandler(old);
        }
        answers.writeInt(Exited.first != null ? Exited.first : code);
        answers.writeInt(out.size());
        out.writeTo(answers);
        answers.writeInt(err.size());
        err.writeTo(answers);
        answers.flush();
    }

    /** Makes Kafka's Exit throw, and keeps its shutdown hooks. The class has moved between releases. */
    static void trap(ConcurrentLinkedQueue<Runnable> hooks) throws Exception {
        for (String name : new String[] {"org.apache.kafka.common.utils.Exit", "org.apache.kafka.common.utils.internals.Exit"}) {
            try {
                trap(Class.forName(name), hooks);
            } catch (ClassNotFoundException e) {
                // it stands in the other package
            }
        }
    }

    static void trap(Class<?> exit, ConcurrentLinkedQueue<Runnable> hooks) throws Exception {
        Class<?> procedure = Class.forName(exit.getName() + "$Procedure");
        Class<?> adder = Class.forName(exit.getName() + "$ShutdownHookAdder");
        InvocationHandler ends = (proxy, method, a) -> {
            if (method.getDeclaringClass() == Object.class) {
                return method.invoke(Tools.class, a);
            }
            throw new Exited((Integer) a[0]);
        };
        Object end = Proxy.newProxyInstance(Tools.class.getClassLoader(), new Class<?>[] {procedure}, ends);
        exit.getMethod("setExitProcedure", procedure).invoke(null, end);
        exit.getMethod("setHaltProcedure", procedure).invoke(null, end);
        Object keep = Proxy.newProxyInstance(Tools.class.getClassLoader(), new Class<?>[] {adder}, (proxy, method, a) -> {
            hooks.add((Runnable) a[1]);
            return null;
        });
        exit.getMethod("setShutdownHookAdder", adder).invoke(null, keep);
    }
}
