"""make_wheel.py FOLDER NAME VERSION MEMBER FILE: a wheel that pip accepts, with one member more."""
import os, sys, zipfile

folder, name, version, member, path = sys.argv[1:]
stem = "%s-%s" % (name.replace("-", "_"), version)
with zipfile.ZipFile(os.path.join(folder, stem + "-py3-none-any.whl"), "w", zipfile.ZIP_DEFLATED) as z:
    z.write(path, member)
    z.writestr(stem + ".dist-info/METADATA", "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version))
    z.writestr(stem + ".dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    z.writestr(stem + ".dist-info/RECORD", "")
