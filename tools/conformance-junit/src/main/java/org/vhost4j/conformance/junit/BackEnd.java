// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Starts a vhost-user-net back-end for a test class, and restarts it whenever a case has ended it. Its methods may have parameters of the
 * types {@link Conformance}, {@link org.vhost4j.frontend.NetDriver} (a driver whose queues run) and {@link org.vhost4j.frontend.FrontEnd}
 * (a new connection); the last two are closed after the method.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(BackEndExtension.class)
public @interface BackEnd {
    /**
     * Returns the command that starts the back-end.
     *
     * @return a command for the shell, in which <code>{socket}</code> stands for the path of a socket on which the
     *     back-end listens, and <code>${name}</code> for a system property or, if there is none, an environment
     *     variable
     */
    String value();

    /**
     * Returns the timeout for each answer.
     *
     * @return seconds, 0.1 to 600
     */
    double timeout() default 2;

    /**
     * Returns the mode in which the back-end returns frames.
     *
     * @return {@code echo}, {@code macswap}, {@code none}, or {@code auto}, which detects it by sending a frame
     */
    String loop() default "auto";

    /**
     * Returns the file of cases that are known to fail: each line has a name, the last day on which the failure is
     * accepted, and the reason.
     *
     * @return path of the file, or an empty string
     */
    String expected() default "";

    /**
     * Returns the seed for cases with random values.
     *
     * @return any number
     */
    long seed() default 1;
}
