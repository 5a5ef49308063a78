// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.host.lane.IdlePolicy;
import org.vhost4j.sys.CoreSet;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;

/** Tests the warnings about lanes that share cores. */
class LaneCoresTest {
    private static BackendConfig config(int guests, int lanes, IdlePolicy idle, CoreSet cores) {
        return BackendConfig.builder(
                        IntStream.range(0, guests)
                                .mapToObj(i -> Endpoint.listen(Path.of("/run/" + i), Attach.AUTO))
                                .toList(),
                        FeatureSet.EMPTY)
                .lanes(lanes)
                .idle(idle)
                .cores(cores)
                .build();
    }

    @Test
    void lanesWithCoresOfTheirOwn() {
        assertThat(LaneCores.warnings(config(2, 2, IdlePolicy.POLLING, CoreSet.parse("1-2")), CoreSet.parse("0"), 3))
                .isEmpty();
        assertThat(LaneCores.warnings(config(2, 2, IdlePolicy.ADAPTIVE, CoreSet.NONE), CoreSet.NONE, 2))
                .isEmpty();
    }

    @Test
    void moreLanesThanCores() {
        assertThat(LaneCores.warnings(config(4, 3, IdlePolicy.ADAPTIVE, CoreSet.NONE), CoreSet.NONE, 2))
                .containsExactly("3 lanes on 2 processors: they take turns, and frames from one to another wait");
        assertThat(LaneCores.warnings(config(4, 3, IdlePolicy.ADAPTIVE, CoreSet.parse("1")), CoreSet.parse("0"), 2))
                .containsExactly("3 lanes on 1 core: they take turns, and frames from one to another wait");
    }

    @Test
    void aCoreThatNoLaneUses() {
        assertThat(LaneCores.warnings(config(1, 3, IdlePolicy.ADAPTIVE, CoreSet.parse("1,3,5")), CoreSet.parse("0"), 8))
                .containsExactly("--cores=1,3,5: not used is 3,5, as there is a lane for each guest at most, 1 here");
    }

    @Test
    void aLaneThatPollsSharesItsCore() {
        assertThat(LaneCores.warnings(config(1, 1, IdlePolicy.POLLING, CoreSet.parse("1")), CoreSet.parse("0-1"), 2))
                .containsExactly("a lane that polls shares core 1 with the rest of this process: name other cores by"
                        + " --control-cores");
        assertThat(LaneCores.warnings(config(1, 1, IdlePolicy.ADAPTIVE, CoreSet.parse("1")), CoreSet.parse("0-1"), 2))
                .isEmpty();
        assertThat(LaneCores.warnings(config(1, 1, IdlePolicy.POLLING, CoreSet.NONE), CoreSet.NONE, 1))
                .containsExactly("a lane that polls on 1 core: it shares a core with the rest of this process");
    }
}
