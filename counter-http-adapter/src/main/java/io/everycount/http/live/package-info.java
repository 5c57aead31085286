// SPDX-License-Identifier: Apache-2.0
/** What people see while they look: one sampler for all who do, and nothing while nobody does. */
@NullMarked
package io.everycount.http.live;

import org.jspecify.annotations.NullMarked;
