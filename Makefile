# make           the shipped binary: target/dist/ifdawn (static-pie, stripped)
# make debug     its unstripped twin: target/dist/ifdawn.debug
# make demo      the main job, shown in a private network namespace
# make test      every check and every test
# make fuzz      every fuzz target, FUZZ_SECONDS each
# make install   binary, man pages, documents and services, under $(DESTDIR)$(PREFIX)
# make size-report, make bench, make clean

PREFIX = /usr
SBINDIR = $(PREFIX)/sbin
MANDIR = $(PREFIX)/share/man
DOCDIR = $(PREFIX)/share/doc/ifdawn
UNITDIR = $(PREFIX)/lib/systemd/system
FUZZ_SECONDS = 600

# Cargo knows what is out of date; make does not try to.
.PHONY: all debug demo test fuzz install size-report bench clean

all debug:
	recipe/setup build
	recipe/build

demo: all
	recipe/setup demo
	demo/run target/dist/ifdawn

test:
	recipe/setup test
	tests/run

fuzz:
	recipe/setup fuzz
	fuzz/run --seconds $(FUZZ_SECONDS)

# Builds nothing when there is a binary, so that it can run as root after `make` as somebody else.
install:
	test -x target/dist/ifdawn || $(MAKE) all
	install -D -m 755 target/dist/ifdawn $(DESTDIR)$(SBINDIR)/ifdawn
	install -D -m 644 man/ifdawn.8 $(DESTDIR)$(MANDIR)/man8/ifdawn.8
	install -D -m 644 man/ifdawn-sources.5 $(DESTDIR)$(MANDIR)/man5/ifdawn-sources.5
	install -d $(DESTDIR)$(DOCDIR)
	install -m 644 README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE $(DESTDIR)$(DOCDIR)
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(DOCDIR)/s6/ifdawn
	sed 's|/usr/sbin|$(SBINDIR)|' service/systemd/ifdawn.service >$(DESTDIR)$(UNITDIR)/ifdawn.service
	chmod 644 $(DESTDIR)$(UNITDIR)/ifdawn.service
	install -m 755 service/s6/ifdawn/run service/s6/ifdawn/finish $(DESTDIR)$(DOCDIR)/s6/ifdawn
	install -m 644 service/s6/ifdawn/notification-fd $(DESTDIR)$(DOCDIR)/s6/ifdawn

size-report: all
	size-report/size-report

bench: all
	recipe/setup bench
	bench/run target/dist/ifdawn

clean:
	cargo clean
