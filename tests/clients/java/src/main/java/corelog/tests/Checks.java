package corelog.tests;

import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;

/** Runs named checks, prints a line for each and counts them. */
final class Checks {
    /** A check; it throws when it fails. */
    interface Check {
        void run() throws Exception;
    }

    private int passed;
    private int failed;

    /** Ends the process when the whole run takes longer than the bound. */
    Checks(Duration bound) {
        Thread watchdog = new Thread(() -> {
            try {
                Thread.sleep(bound.toMillis());
            } catch (InterruptedException e) {
                return;
            }
            System.out.println("not finished within " + bound);
            Thread.getAllStackTraces().forEach((thread, stack) -> {
                System.err.println(thread);
                for (StackTraceElement frame : stack) System.err.println("    " + frame);
            });
            Runtime.getRuntime().halt(3);
        });
        watchdog.setDaemon(true);
        watchdog.start();
    }

    void run(String name, Check check) {
        long start = System.nanoTime();
        try {
            check.run();
            passed++;
            System.out.printf("ok   %s (%.1f s)%n", name, seconds(start));
        } catch (Exception | AssertionError e) {
            failed++;
            String text = e.toString();
            System.out.printf("FAIL %s (%.1f s): %s%n", name, seconds(start), text.substring(0, Math.min(600, text.length())));
            e.printStackTrace();
        }
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    /** Prints the count and gives the exit code. */
    int finish() {
        System.out.printf("%d passed, %d failed%n", passed, failed);
        return failed > 0 || passed == 0 ? 1 : 0;
    }

    static void equal(Object got, Object want, String what) {
        if (!Objects.equals(got, want)) throw new AssertionError(what + ": got " + got + ", want " + want);
    }

    static void check(boolean condition, String what) {
        if (!condition) throw new AssertionError(what);
    }

    /** Calls the step until it is true, at most a minute. */
    static void until(String what, Callable<Boolean> step) throws Exception {
        long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (!step.call()) check(System.nanoTime() < end, what + ": not within a minute");
    }

    /** A topic or group name that no other run uses. */
    static String unique(String stem) {
        return stem + "-" + UUID.randomUUID().toString().substring(0, 10);
    }
}
