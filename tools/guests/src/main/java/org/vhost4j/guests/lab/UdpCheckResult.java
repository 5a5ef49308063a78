// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.lab;

import java.util.HashMap;
import java.util.Map;

/** The summary of udpcheck, the last line of its output: {@code key=value} pairs. */
public final class UdpCheckResult {
    private final String line;
    private final Map<String, String> values = new HashMap<>();

    private UdpCheckResult(String line) {
        this.line = line;
        for (String pair : line.split(" ", -1)) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                values.put(pair.substring(0, equals), pair.substring(equals + 1));
            }
        }
    }

    /**
     * Parses udpcheck's output.
     *
     * @param output the whole output
     * @return the summary
     * @throws GuestFailure when there is none
     */
    static UdpCheckResult parse(String output) {
        return output.lines()
                .filter(line -> line.contains(" result="))
                .reduce((earlier, later) -> later)
                .map(UdpCheckResult::new)
                .orElseThrow(() -> new GuestFailure("udpcheck printed no summary: " + output.strip()));
    }

    /**
     * Returns whether every datagram arrived, once and undamaged.
     *
     * @return true when udpcheck reports success
     */
    public boolean ok() {
        return "ok".equals(values.get("result"));
    }

    /**
     * Returns a number of the summary.
     *
     * @param key the key, such as {@code damaged}
     * @return the value
     * @throws GuestFailure when the summary has no such number
     */
    public long number(String key) {
        String value = values.get(key);
        if (value == null) {
            throw new GuestFailure("udpcheck does not report " + key + ": " + line);
        }
        return Long.parseLong(value);
    }

    @Override
    public String toString() {
        return line;
    }
}
