// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * Handles SIGHUP, which requests that a daemon reload its configuration, and by default ends the process. The JDK's
 * class for signals is not part of its documented interface, but of the module {@code jdk.unsupported}, which every JDK
 * has: it is reached by reflection, because the compiler warns of it.
 */
final class HangUp {
    private static final String SIGNAL = "sun.misc.Signal";
    private static final String HANDLER = "sun.misc.SignalHandler";

    private HangUp() {}

    /**
     * Runs a task for each SIGHUP, in a separate thread.
     *
     * @param task the task, which may take time
     * @return false when this JVM does not support handling signals, as with -Xrs, or was started with SIGHUP ignored,
     *     as by nohup(1)
     */
    @SuppressWarnings("ReferenceEquality")
    static boolean handle(Runnable task) {
        try {
            Class<?> signal = Class.forName(SIGNAL);
            Class<?> handler = Class.forName(HANDLER);
            InvocationHandler calls = (proxy, method, arguments) -> switch (method.getName()) {
                case "handle" -> {
                    task.run();
                    yield null;
                }
                case "equals" -> proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> "a handler of SIGHUP";
            };
            Object proxy = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, calls);
            Object hangUp = signal.getConstructor(String.class).newInstance("HUP");
            Object before = signal.getMethod("handle", signal, handler).invoke(null, hangUp, proxy);
            // The JVM keeps ignoring a signal that was ignored before it started.
            return before != handler.getField("SIG_IGN").get(null);
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }
}
