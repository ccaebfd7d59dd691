#!/usr/bin/env python3
"""Writes a member of a wheel (a zip file) into a file, from an offset on.

    unwheel.py WHEEL MEMBER OUT OFFSET

What OUT holds beyond the offset is replaced; the bytes are on the disk at the end."""
import os, shutil, sys, zipfile

wheel, member, out, offset = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
try:
    with zipfile.ZipFile(wheel) as z, z.open(member) as source, open(out, 'ab') as to:
        to.truncate(offset)
        shutil.copyfileobj(source, to, 1 << 20)
        to.flush()
        os.fsync(to.fileno())
except (KeyError, OSError, zipfile.BadZipFile) as e:
    sys.exit('%s: %s' % (wheel, e))
