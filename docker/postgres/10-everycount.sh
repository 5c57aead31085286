#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# At the first start of an empty database: the adapters' own role, which owns the database and nothing else.
set -euo pipefail
psql -X -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\set password `cat /run/secrets/database-password`
CREATE ROLE everycount LOGIN PASSWORD :'password';
ALTER DATABASE :"DBNAME" OWNER TO everycount;
SQL
