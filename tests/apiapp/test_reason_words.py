"""Why a file is read as it is, is said to people in their language: reason_words.js knows it."""

import pytest
from django.conf import settings

from apiapp.imports.pipeline.sniff import sniff
from tests.apiapp.test_server_words import is_known

SOURCE = settings.BASE_DIR / "apiapp/static/apiapp/reason_words.js"
FILES = {
    "comma": b"a,b\n1,x\n2,y\n",
    "two rows of names": b"name\tsize\tsize\n\tcm\tkg\nx\t1\t2\ny\t3\t4\n",
    "marked": "\ufeffa;b\n1;x\n2;y\n".encode(),
    "wide": "a,b\n1,x\n2,y\n".encode("utf-16-le"),
    "western": "name,ort\nJürgen,Köln\nBjörn,Gößnitz\nJosé,Málaga\n".encode("cp1252"),
    "chinese": "姓名,城市\n张伟,北京\n李娜,上海\n王芳,广州\n".encode("gb18030"),
    "quoted": b'a,b\n"1,5",x\n"2,5",y\n"3,5",z\n',
    "torn quotes": b'id,name,place\n1,"Ann",Rome\n2,"Bob,Bern\n3,"Cy",Oslo\n4,"Di",Kiel\n',
    "titled": b"# made by hand\n# in 2025\nReport\n\na,b,c\n1,x,y\n2,y,z\n3,z,x\nTotal: 3\n",
    "fixed widths": b"name      city      age\nAnn       Rome       31\nBob       Bern        7\n",
    "one column": b"word\nalpha\nbeta\n",
    "said": b"sep=;\na;b\n1;2\n3;4\n",
    "runs of spaces": b"a   b  c\n1 2  3\n4   5   6\n7  8  9\n10  11 12\n",
    "letters": b'a,b\n5" pipe,1\n",2\nx,3\n',
    "returns": b"a,b\nx\ry,1\nz,2\nv,3\nw,4\n",
    "no header": b"1,2\n3,4\n5,6\n",
    "two tables": b"a,b\n1,2\n3,4\n\nx,y,z\n" + b"1,2,3\n" * 30,
}


@pytest.mark.parametrize("name", FILES)
def test_a_reason_is_known(name: str):
    reasons = sniff(FILES[name], is_whole=True).reasons.values()

    assert reasons
    assert [reason for reason in reasons if not is_known(reason, SOURCE)] == []
