// SPDX-License-Identifier: Apache-2.0
/** The standalone jar as users run it: a process of its own, real sockets, a real Postgres, and faults. */
package io.everycount.system;
