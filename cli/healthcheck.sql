-- is_ready --
-- Whether a service's process of this name, or of this machine, said within ten seconds that it can work.
SELECT EXISTS (
    SELECT FROM runtime.heartbeats
    WHERE service = $1 AND ready AND at > clock_timestamp() - interval '10 seconds'
      AND CASE WHEN $3 THEN instance = $2 ELSE starts_with(instance, $2) END
);

-- watcher_looked --
-- Whether the watcher came to the end of a look within the last minute.
SELECT EXISTS (SELECT FROM watcher.state WHERE last_look_at > clock_timestamp() - interval '60 seconds');
