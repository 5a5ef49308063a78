// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.lab;

/**
 * What a command in a guest came to.
 *
 * @param command the command
 * @param status its exit status, 0 to 255
 * @param output its standard output and error, lines ended by line feeds
 */
public record CommandResult(String command, int status, String output) {
    /**
     * Insists on status 0.
     *
     * @return the output
     * @throws GuestFailure when the status is another
     */
    public String orFail() {
        if (status != 0) {
            throw new GuestFailure("'" + command + "' ended with status " + status + ": " + output.strip());
        }
        return output;
    }
}
