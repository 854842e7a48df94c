#!/usr/bin/env bash
# Kafka's own kafka-topics.sh, at the place in a Kafka distribution where other programs look for it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$here/install"
exec java -Xmx256m -cp "$here/../.cache/kafka/lib/*" org.apache.kafka.tools.TopicCommand "$@"
