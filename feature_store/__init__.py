"""One definition of every feature, online in Redis and offline in the lake."""
