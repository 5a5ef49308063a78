// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;

/**
 * dpdk-testpmd as a front-end.
 *
 * @param testpmd the program, attached
 * @param startCommand command that starts the frames
 */
record TestpmdLoad(Testpmd testpmd, String startCommand) implements Load {
    static TestpmdLoad start(Bench bench, Testpmd.FrontEnd frontEnd, int frameBytes, String startCommand)
            throws IOException {
        Testpmd testpmd = Testpmd.frontEnd(bench.children(), bench.plan().frontEndCore(), frontEnd);
        testpmd.command("set txpkts " + frameBytes);
        return new TestpmdLoad(testpmd, startCommand);
    }

    @Override
    public Child child() {
        return testpmd.child();
    }

    @Override
    public void start() throws IOException {
        testpmd.command(startCommand);
    }

    @Override
    public void stop() throws IOException {
        testpmd.command("stop");
    }

    @Override
    public PortStats stats() throws IOException {
        return testpmd.stats();
    }

    @Override
    public void quit() throws IOException {
        testpmd.quit();
    }
}
