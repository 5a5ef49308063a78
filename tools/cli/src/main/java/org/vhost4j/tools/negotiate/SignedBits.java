// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.negotiate;

import java.util.Map;
import java.util.Stack;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/** Accepts a value such as {@code -hash_report}, which picocli would parse as the option {@code -h}. */
final class SignedBits implements IParameterPreprocessor {
    /** Creates the preprocessor, for picocli. */
    SignedBits() {}

    @Override
    @SuppressWarnings("JdkObsolete") // picocli's type
    public boolean preprocess(
            Stack<String> arguments, CommandSpec command, ArgSpec option, Map<String, Object> information) {
        if (arguments.isEmpty() || !arguments.peek().matches("-[A-Za-z].+")) {
            return false;
        }
        option.setValue(arguments.pop());
        return true;
    }
}
