// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.everycount.jdbc.testing.PostgresServer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag(PostgresServer.OWN_SERVER)
class HostAppIT {
    @Test
    void theHostApplicationRunsAndClosesCleanly() {
        assertThatCode(() -> HostApp.main(new String[0])).doesNotThrowAnyException();
    }
}
