// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.vhost4j.tools.common.UnsupportedOption;

/** What the annotation may say, and what is said when it is wrong. */
class RunningBackEndTest {
    @BackEnd(value = "true {socket}", timeout = 0.05)
    private static final class TooShort {}

    @BackEnd(value = "true {socket}", loop = "twice")
    private static final class UnknownLoop {}

    @BackEnd("${vhost4j.no.such.property} {socket}")
    private static final class UnknownName {}

    private static void start(Class<?> annotated) {
        new RunningBackEnd(annotated.getAnnotation(BackEnd.class)).close();
    }

    @Test
    void propertiesAndVariablesAreFilledIn() {
        assertThat(RunningBackEnd.filledIn("${java.specification.version} {socket} $PATH"))
                .isEqualTo(System.getProperty("java.specification.version") + " {socket} $PATH");
        assertThat(RunningBackEnd.filledIn("${PATH}")).isEqualTo(System.getenv("PATH"));
    }

    @Test
    void whatIsWrongIsNamed() {
        assertThatThrownBy(() -> start(TooShort.class))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessage("@BackEnd(timeout = 0.05): from 0.1 to 600 seconds");
        assertThatThrownBy(() -> start(UnknownLoop.class))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessageContaining("loop=twice: echo, macswap, none or auto");
        assertThatThrownBy(() -> start(UnknownName.class))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessage("@BackEnd: there is no system property or environment variable 'vhost4j.no.such.property'");
    }
}
