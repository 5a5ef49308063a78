// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * Handles a signal. The JDK's class for signals is in the module {@code jdk.unsupported}, which every JDK has but does not document. It is
 * called by reflection, because the compiler warns about direct use.
 */
public final class SignalHandler {
    private static final String SIGNAL = "sun.misc.Signal";
    private static final String HANDLER = "sun.misc.SignalHandler";

    private SignalHandler() {}

    /**
     * Runs a task in a separate thread each time the process receives a signal.
     *
     * @param name the signal's name without SIG, such as {@code HUP}
     * @param task the task, which may take time
     * @return false when this JVM does not support handling signals, as with -Xrs, or was started with the signal ignored,
     *     as by nohup(1)
     */
    @SuppressWarnings("ReferenceEquality")
    public static boolean handle(String name, Runnable task) {
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
                default -> "a handler of SIG" + name;
            };
            Object proxy = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, calls);
            Object number = signal.getConstructor(String.class).newInstance(name);
            Object before = signal.getMethod("handle", signal, handler).invoke(null, number, proxy);
            // If a signal was ignored when the JVM started, it remains ignored.
            return before != handler.getField("SIG_IGN").get(null);
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }
}
