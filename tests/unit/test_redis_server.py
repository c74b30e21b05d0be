from __future__ import annotations

from pathlib import Path

from deployment.local_stack.redis_server import prepare_redis, redis_command, redis_is_healthy
from deployment.settings import RedisSettings, Settings


def test_it_listens_on_loopback_only_and_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    command = redis_command(Settings(data_dir=tmp_path, redis=RedisSettings(port=26379, max_memory="64mb")))
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert Path(command[0]).name == "redis-server"
    assert (options["--bind"], options["--protected-mode"], options["--port"]) == ("127.0.0.1", "yes", "26379")
    assert (options["--maxmemory"], options["--maxmemory-policy"]) == ("64mb", "noeviction")
    assert (options["--appendonly"], options["--dir"]) == ("yes", str(tmp_path / "redis"))


def test_prepare_twice_keeps_the_data(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    prepare_redis(settings)
    kept = tmp_path / "redis" / "appendonly.aof"
    kept.write_text("kept")
    prepare_redis(settings)
    assert kept.read_text() == "kept"


def test_a_server_that_is_not_there_is_not_healthy() -> None:
    assert not redis_is_healthy(Settings(redis=RedisSettings(server_url="redis://127.0.0.1:1/0")))
