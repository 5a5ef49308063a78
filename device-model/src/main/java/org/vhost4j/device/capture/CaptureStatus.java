// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.capture;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The progress of a capture.
 *
 * @param options the options with which it was started
 * @param file the file that is being written, or that was written last
 * @param running whether the capture runs
 * @param failure the reason why the capture ended, when it was not stopped on request
 * @param frames the number of frames or segments that were written
 * @param bytes the number of bytes of frames that were written
 * @param ports the counters of each port, in the order of the capture
 */
public record CaptureStatus(
        CaptureOptions options,
        Path file,
        boolean running,
        Optional<String> failure,
        long frames,
        long bytes,
        List<Port> ports) {
    /**
     * The counters of a captured port.
     *
     * @param name name of the guest or port
     * @param seen number of frames that passed the port
     * @param matched number of these frames that the filter accepted
     * @param dropped number of frames or segments that did not fit into the buffer and are not in the file
     */
    public record Port(String name, long seen, long matched, long dropped) {}
}
