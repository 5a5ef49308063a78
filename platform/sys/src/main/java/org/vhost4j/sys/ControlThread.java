// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

/**
 * Creates threads for work that may block: files, child processes, log lines. They run on the control cores, if the operator has configured
 * any, even when a lane that is pinned to a core starts them. Without this class a thread inherits the cores of the thread that starts it
 * (sched_setaffinity(2)).
 */
public final class ControlThread {
    private static volatile CoreSet cores = CoreSet.NONE;

    private ControlThread() {}

    /**
     * Moves every thread of this process to the control cores, including those of the JVM's compilers and garbage collector, whose later
     * threads inherit the cores. Threads that need other cores move themselves afterwards.
     *
     * @param control the control cores, of which at least one is online and allowed by the control group; empty for no change
     * @throws SystemError when the kernel refuses the cores
     */
    public static void keepOn(CoreSet control) {
        cores = control;
        if (!control.isEmpty()) {
            ThreadAffinity.moveAll(control);
        }
    }

    /**
     * Returns the control cores, on which all threads except lanes run.
     *
     * @return the cores; empty when the kernel decides
     */
    public static CoreSet cores() {
        return cores;
    }

    /**
     * Creates a daemon thread, which does not keep the process alive.
     *
     * @param name name of the thread
     * @param task task of the thread, which runs on the control cores
     * @return the thread, not started
     */
    public static Thread unstarted(String name, Runnable task) {
        return Thread.ofPlatform().daemon().name(name).unstarted(() -> {
            CoreSet control = cores;
            if (!control.isEmpty()) {
                ThreadAffinity.move(control);
            }
            task.run();
        });
    }

    /**
     * Starts a daemon thread.
     *
     * @param name name of the thread
     * @param task task of the thread, which runs on the control cores
     * @return the running thread
     */
    public static Thread start(String name, Runnable task) {
        Thread thread = unstarted(name, task);
        thread.start();
        return thread;
    }
}
