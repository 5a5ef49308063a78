// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.vhost4j.fuzz.FuzzTarget;

/** The text of {@code PATH.acknowledged}. */
public final class AcknowledgedTarget implements FuzzTarget {
    @Override
    public String name() {
        return "acknowledged";
    }

    @Override
    public List<byte[]> seeds() {
        String zero = "0".repeat(32);
        return List.of(
                "features 0x%s%noffered 0x%s%nprocess 01-ab 4026531836 1234 56789%npromise platform linux-6.17%n"
                        .formatted(zero, zero)
                        .getBytes(StandardCharsets.UTF_8),
                "features 0x%s%noffered 0x%s%nprocess  0 0 0%npromise %n"
                        .formatted("f".repeat(32), zero)
                        .getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void run(byte[] bytes) {
        Optional<Acknowledgement> read = Acknowledgement.parse(new String(bytes, StandardCharsets.UTF_8));
        read.ifPresent(first -> {
            Optional<Acknowledgement> again = Acknowledgement.parse(first.text());
            FuzzTarget.require(again.isPresent() && again.get().equals(first), "written and read again it is another");
            first.isOver();
        });
    }
}
