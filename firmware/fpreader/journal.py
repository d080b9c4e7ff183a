"""The touches that Home Assistant has not acknowledged yet (protocol, "`fingerprint`: a touch").

Without clock and network: `due` says what to send now, `wait_ms` when to ask again. Flash is
written only for what was not acknowledged in time, because it wears out.
"""

from fpreader import touch_record
from fpreader.touch_record import FLAGS, HELD, PASSED, RECORD_BYTES, SENT, STORED

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from fpreader.journal_file import JournalFile
    from fpreader.touch_record import Touch

#: Most touches that wait for an acknowledgement; one more drops the oldest.
CAPACITY = 256
#: Milliseconds after which a touch counts as not acknowledged.
ACK_MS = 2000
#: Milliseconds after which a flash that refused is asked again.
TRY_AGAIN_MS = 60000
#: Sends of one backlog touch without an answer, after which the next one has its turn.
SENDS = 3
#: Backlog touches in a row without an answer, after which delivery waits for the next hello.
MOST_PASSED = 3
#: Records in flash that are worth rewriting it without those that are obsolete.
COMPACT_AT = 4 * CAPACITY

#: Unreadable touches in a row that nobody acknowledged, after which the next ones count as a series
#: of unreadable touches while Home Assistant is away ("rain" in the protocol). Not the first: an
#: acknowledgement can get lost.
UNREADABLE_BEFORE_SERIES = 2


class Journal:
    """Touches until they are acknowledged, oldest first. Times are milliseconds of uptime."""

    def __init__(
        self, records: "JournalFile", random: "Callable[[int], bytes]", boot: "Callable[[], str]"
    ) -> None:
        self._records = records
        self._random = random
        self._boot = boot
        self.dropped = 0
        """Touches that were dropped since the reader was set up."""
        # Allocated at once, to avoid heap fragmentation: 256 that came one by one would leave no
        # 4 kB in one piece between them.
        self._spare = [bytearray(RECORD_BYTES) for _ in range(CAPACITY)]
        self._entries: list[bytearray] = []
        self._fresh: list[tuple[bytes, int]] = []
        """Touches that are not backlog yet, and when each becomes it."""
        self._sending: bytes | None = None
        """The backlog touch that waits for its acknowledgement."""
        self._sends = 0
        self._next_ms = 0
        self._delivering = False
        self._passed = 0
        """Backlog touches that were passed over since somebody was heard."""
        self._comes_back = False
        """Whether those that were passed over have another turn in this delivery."""
        self._records_in_flash = 0
        self._must_rewrite = False
        self._refused = False
        self._try_again_ms = 0
        self._load()

    def __len__(self) -> int:
        """Count the touches that wait for an acknowledgement."""
        return len(self._entries)

    def add(self, touch: "Touch") -> None:
        """Take a new touch."""
        unreadable = touch.result == "unreadable"
        if unreadable and self._add_to_newest():
            return
        touch_id = self._random(8)
        entry = bytearray(touch_record.pack(touch_id, touch))
        if unreadable and self._is_raining():
            entry[FLAGS] |= HELD
        if len(self._entries) == CAPACITY:
            self._drop_oldest()
        self._add(entry)
        self._fresh.append((touch_id, touch.at_ms + ACK_MS))

    def hello_answered(self, now: int) -> None:
        """Begin to deliver the backlog."""
        self._sends = 0
        self._comes_back = any(entry[FLAGS] & PASSED for entry in self._entries)
        self._deliver(now)

    def ack(self, touch: str) -> None:
        """Forget one touch, which is given as on the wire; others stay."""
        wanted = bytes.fromhex(touch)
        for index, entry in enumerate(self._entries):
            if entry[1:9] == wanted:
                stored = entry[FLAGS] & STORED
                self._spare.append(self._entries.pop(index))
                self._forget(wanted)
                if stored:
                    self._write([touch_record.gone(wanted)])
                self._deliver(0)  # somebody is there, who may not know of the rest
                return

    def due(self, now: int, *, can_send: bool) -> "dict[str, Any] | None":
        """Give the message that is to be sent now, None when there is none.

        A message that is given counts as sent. Also writes to flash what has become backlog.
        """
        if can_send:
            # Before anything is late: working on a touch may itself have taken seconds.
            for index, (touch, _) in enumerate(self._fresh):
                entry = self._find(touch)
                if entry is not None and not entry[FLAGS] & (SENT | HELD):
                    self._fresh[index] = (touch, now + ACK_MS)
                    return self._message(entry)
        else:
            # Whoever comes back says hello.
            self._delivering = False
        self._store_late(now)
        return self._backlog(now) if self._delivering else None

    def wait_ms(self, now: int) -> "int | None":
        """Say in how many milliseconds `due` has to be asked again; None: not until an event."""
        moments = [deadline for _, deadline in self._fresh]
        if self._delivering:
            moments.append(self._next_ms)
        return max(0, min(moments) - now) if moments else None

    def store_all(self) -> None:
        """Write to flash what only the RAM has, because a restart follows."""
        moments = [deadline for _, deadline in self._fresh]
        if self._refused:
            # The flash may take by now what it has refused before.
            moments.append(self._try_again_ms)
        if moments:
            self._store_late(max(moments))

    # --- delivery -------------------------------------------------------------------

    def _deliver(self, now: int) -> None:
        self._passed = 0
        if not self._delivering:
            self._delivering = True
            self._next_ms = now

    def _backlog(self, now: int) -> "dict[str, Any] | None":
        entry = self._next_of_backlog()
        if entry is None:
            # Touches sent without a listener become backlog soon; keep delivering without another
            # hello.
            self._delivering = bool(self._fresh)
            self._next_ms = min((deadline for _, deadline in self._fresh), default=now)
            return None
        touch = bytes(entry[1:9])
        if touch != self._sending:
            self._sending = touch
            self._sends = 0
            self._next_ms = now
        if now < self._next_ms:
            return None
        if self._sends == SENDS:
            # Not dropped, but no touch may block the others.
            entry[FLAGS] |= PASSED
            self._passed += 1
            self._delivering = self._passed < MOST_PASSED
            return self._backlog(now) if self._delivering else None
        self._sends += 1
        self._next_ms = now + ACK_MS
        return self._message(entry)

    def _next_of_backlog(self) -> "bytearray | None":
        """Find the oldest touch of the backlog that was not passed over; then those that were."""
        entry = self._oldest()
        if entry is None and self._comes_back:
            self._comes_back = False
            for each in self._entries:
                each[FLAGS] &= ~PASSED
            entry = self._oldest()
        return entry

    def _oldest(self) -> "bytearray | None":
        fresh = [touch for touch, _ in self._fresh]
        for entry in self._entries:
            if not entry[FLAGS] & PASSED and bytes(entry[1:9]) not in fresh:
                return entry
        return None

    def _message(self, entry: bytearray) -> "dict[str, Any]":
        entry[FLAGS] |= SENT
        return touch_record.message(entry, self._boot())

    # --- the list -------------------------------------------------------------------

    def _find(self, touch: bytes) -> "bytearray | None":
        for entry in self._entries:
            if entry[1:9] == touch:
                return entry
        return None

    def _add(self, record: "bytes | bytearray") -> None:
        entry = self._spare.pop()
        entry[:] = record
        self._entries.append(entry)

    def _forget(self, touch: bytes) -> None:
        self._fresh = [item for item in self._fresh if item[0] != touch]

    def _add_to_newest(self) -> bool:
        """Count an unreadable touch where one waits that nobody can have seen yet."""
        if not self._entries:
            return False
        entry = self._entries[-1]
        waits = touch_record.is_unreadable(entry) and not entry[FLAGS] & SENT
        if not waits or touch_record.count_of(entry) == touch_record.MOST_COUNT:
            return False
        count = touch_record.add_one(entry)
        # Only powers of two reach the flash, or a series of unreadable touches would wear it out; a
        # restart forgets the rest.
        if entry[FLAGS] & STORED and not count & (count - 1):
            self._write([bytes(entry)])
        return True

    def _is_raining(self) -> bool:
        """Tell whether the newest touches were unreadable, and nobody acknowledged them in time."""
        fresh = [touch for touch, _ in self._fresh]
        late = 0
        for entry in reversed(self._entries):
            if not touch_record.is_unreadable(entry):
                break
            late += bytes(entry[1:9]) not in fresh
            if late == UNREADABLE_BEFORE_SERIES:
                return True
        return False

    def _drop_oldest(self) -> None:
        entry = self._entries.pop(0)
        self._spare.append(entry)
        touch = bytes(entry[1:9])
        self.dropped += 1
        self._forget(touch)
        self._write([touch_record.dropped(touch, self.dropped)])

    # --- flash ----------------------------------------------------------------------

    def _store_late(self, now: int) -> None:
        late = [touch for touch, deadline in self._fresh if deadline <= now]
        if not late and not (self._refused and now >= self._try_again_ms):
            return
        self._try_again_ms = now + TRY_AGAIN_MS
        self._fresh = [item for item in self._fresh if item[1] > now]
        records = []
        for touch in late:
            entry = self._find(touch)
            if entry is not None:
                entry[FLAGS] |= STORED
                records.append(bytes(entry))
        self._write(records)

    def _write(self, records: "list[bytes]") -> None:
        """Add records to the flash, or rewrite it when that is shorter or the only way."""
        kept = sum(entry[FLAGS] & STORED != 0 for entry in self._entries)
        try:
            if self._must_rewrite or not kept or self._records_in_flash >= COMPACT_AT:
                self._records.replace(self._stored_records())
                self._records_in_flash = kept + 1
                self._must_rewrite = False
                self._refused = False
            else:
                self._records.append(records)
                self._records_in_flash += len(records)
        except OSError as error:
            # The touches stay in RAM, and nobody knows what the file ends with now.
            self._must_rewrite = self._refused = True
            print("journal: flash refuses:", error)

    def _stored_records(self) -> "Iterator[bytes]":
        if self.dropped:
            yield touch_record.dropped(bytes(8), self.dropped)
        for entry in self._entries:
            if entry[FLAGS] & STORED:
                yield bytes(entry)

    def _load(self) -> None:
        for record in self._records.read():
            self._records_in_flash += 1
            if record is None or not self._load_record(record):
                # Torn by a power cut, most likely, and then it was the last one.
                self._must_rewrite = True

    def _load_record(self, record: bytes) -> bool:
        """Apply one record; False for one that no journal writes."""
        touch = record[1:9]
        if touch_record.is_touch(record):
            entry = bytearray(record)
            # Nobody knows whether it was sent before the restart, and the uptime began anew.
            entry[FLAGS] = (record[FLAGS] | SENT | STORED) & ~touch_record.HAS_AT & ~PASSED
            older = self._find(touch)
            if older is not None:
                older[:] = entry
            elif len(self._entries) < CAPACITY:
                self._add(entry)
            return True
        if record[0] in (touch_record.GONE, touch_record.DROPPED):
            older = self._find(touch)
            if older is not None:
                self._entries.remove(older)
                self._spare.append(older)
            if record[0] == touch_record.DROPPED:
                self.dropped = touch_record.dropped_total(record)
            return True
        return False
