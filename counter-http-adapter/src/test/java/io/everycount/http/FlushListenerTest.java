// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.CounterListener;
import java.lang.reflect.Method;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class FlushListenerTest {
    /** Methods have defaults, so that the compiler would not miss one. */
    @Test
    void tells_the_other_listener_of_everything_there_is_to_hear() {
        assertThat(Arrays.stream(FlushListener.class.getDeclaredMethods()).map(Method::getName))
                .containsAll(Arrays.stream(CounterListener.class.getDeclaredMethods())
                        .map(Method::getName)
                        .toList());
    }
}
