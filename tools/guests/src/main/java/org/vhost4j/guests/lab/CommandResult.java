// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.lab;

/**
 * The result of a command in a guest.
 *
 * @param command the command line
 * @param status the exit status, 0 to 255
 * @param output the standard output and error, with line feeds at the ends of lines
 */
public record CommandResult(String command, int status, String output) {
    /**
     * Returns the output of a command that must have succeeded.
     *
     * @return the output
     * @throws GuestFailure when the exit status is not 0
     */
    public String orFail() {
        if (status != 0) {
            throw new GuestFailure("'" + command + "' ended with status " + status + ": " + output.strip());
        }
        return output;
    }
}
