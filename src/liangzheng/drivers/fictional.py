"""Word lists and weights for made-up drivers. Whoever reads a generated record sees that nobody is meant by
it: every given name holds one of the characters of `MARKS` (虚 拟 例 …) and every address lies in 虚构路.

An identity number cannot be marked: every number with a right check may have been given to somebody. It is
chosen at random.
"""

from __future__ import annotations

from typing import Final, NamedTuple

POPULATION: Final = {
    "11": 2189, "12": 1387, "13": 7461, "14": 3492, "15": 2405, "21": 4259, "22": 2407, "23": 3185, "31": 2487,
    "32": 8475, "33": 6457, "34": 6103, "35": 4154, "36": 4519, "37": 10153, "41": 9937, "42": 5775, "43": 6644,
    "44": 12601, "45": 5013, "46": 1008, "50": 3205, "51": 8367, "52": 3856, "53": 4721, "54": 365, "61": 3953,
    "62": 2502, "63": 592, "64": 720, "65": 2585,
}  # fmt: skip
"""Province prefix → residents in tens of thousands. Source: Seventh National Population Census (2020),
bulletin no. 3."""

SURNAMES: Final = (
    "王王王王李李李李张张张张刘刘刘陈陈陈杨杨黄黄赵赵吴吴周周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜"
    "叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺毛段郝顾龚邵覃武钱戴严莫孔向常单解翟查"
)
COMPOUND_SURNAMES: Final = ("欧阳", "上官", "司马", "诸葛", "皇甫", "尉迟", "夏侯", "令狐", "长孙", "单于")
MARKS: Final = "虚拟例样幻寓构假仿设"
"""One of these stands in every generated Chinese name."""
SECOND: Final = (
    "明华伟芳娜强磊洋艳勇军杰娟涛超霞平刚桂英玉兰秀萍红建国文志海"
    "燕玲鹏辉宇浩然欣怡诗涵子轩梓萱思源佳乐天佑永康春生秋实冬青"
)
RARE: Final = "䶮㛃㙓䲟頔璟翀赟骉犇龑𠀀𠮷𡘙𢘐𣶼𤧛𥖄𨱏𩽾𪚥𫍯𫖮𫘧𬀩𬍛𬭎𬱖𮧵"
"""Characters of BMP extensions and of GB 18030-2022 levels 2 and 3 (extensions A to F)."""
RARE_NAMES: Final = ("例𬭚𮧵", "例𠮷", "例㛃", "例䶮𫍯𬱖")
"""Of drivers who may apply in the first cities: extensions A, B, C, E and F, alone and together."""

DOTTED_FIRST: Final = (
    "阿里木",
    "古丽",
    "买买提",
    "努尔",
    "艾尼",
    "巴特尔",
    "其其格",
    "扎西",
    "卓玛",
    "格桑",
    "叶尔",
    "帕提古",
)
DOTTED_SECOND: Final = "虚拟江寓言别克示例汗假设尔样本达瓦幻想扎布仿写阿依"
LATIN: Final = (
    "FICTA",
    "EXEMPLAR",
    "SPECIMEN",
    "NOBODY",
    "PLACEHOLDER",
    "UTOPIA",
    "MUSTER",
    "EJEMPLO",
    "ESEMPIO",
)
LATIN_GIVEN: Final = ("ANNA", "JOHN", "MARIA", "PIERRE", "YUKI", "MINH", "OLGA", "JOSÉ", "O'NEIL", "JEAN-LUC")
COUNTRIES: Final = ("FRA", "DEU", "JPN", "KOR", "USA", "GBR", "VNM", "RUS", "BRA", "PAK")

LONGEST_NAME: Final = ("阿布都热西提·虚拟江·" * 5)[:49] + "汗"
"""Fifty characters, the most a name may have."""

NOTES: Final = (
    "",
    "",
    "",
    "",
    "",
    "请于每个记分周期结束后三十日接受审验。无记分的，免予本次审验。",
    "须戴眼镜",
    '"示例"批注, 带逗号',
)


class Path(NamedTuple):
    """How a licence grew: classes with years after the first issue they were gained and, where they ended,
    lost."""

    weight: int
    youngest: int  # age at first issue
    years: int  # how long the licence must have been held for the path to be complete
    spells: tuple[tuple[str, int, int | None], ...]
    oldest: int = 200  # age from which the classes may no longer be held

    @property
    def held(self) -> str:
        """Classes not lost, run together in canonical order."""
        return "".join(sorted(cls for cls, _, lost in self.spells if lost is None))


PATHS: Final = (
    Path(6600, 18, 0, (("C1", 0, None),)),
    Path(1100, 18, 0, (("C2", 0, None),)),
    Path(320, 18, 1, (("C1", 0, None), ("E", 1, None)), 69),
    Path(240, 18, 2, (("C1", 0, None), ("D", 2, None)), 69),
    Path(60, 18, 1, (("C1", 0, None), ("F", 1, None))),
    Path(420, 20, 0, (("B2", 0, None),), 62),
    Path(60, 20, 2, (("B2", 0, None), ("D", 2, None)), 62),
    Path(200, 20, 3, (("B2", 0, 3), ("A2", 3, None)), 62),
    Path(70, 20, 4, (("B2", 0, 3), ("A1", 3, None), ("A2", 4, None)), 62),
    Path(30, 20, 5, (("B2", 0, 3), ("A1", 3, None), ("A2", 5, None), ("D", 4, None)), 62),
    Path(60, 20, 0, (("A3", 0, None),), 62),
    Path(70, 20, 3, (("A3", 0, 3), ("A1", 3, None)), 62),
    Path(60, 20, 3, (("C1", 0, 3), ("B1", 3, None)), 62),
    Path(20, 20, 3, (("C1", 0, 3), ("B1", 3, None), ("B2", 3, None)), 62),
    Path(140, 18, 0, (("D", 0, None),), 69),
    Path(160, 18, 0, (("E", 0, None),), 69),
    Path(30, 18, 0, (("F", 0, None),)),
    Path(20, 18, 0, (("C3", 0, None),), 69),
    Path(20, 18, 0, (("C4", 0, None),), 69),
    Path(30, 18, 0, (("C5", 0, None),)),
    Path(10, 18, 0, (("M", 0, None),), 62),
    Path(5, 20, 0, (("N", 0, None),), 62),
    Path(5, 20, 0, (("P", 0, None),), 62),
)
"""Paths to a licence with how common they are among ten thousand drivers (an estimate). Ages as in Order 162
art. 14, 65."""

LOST_TO_AGE: Final = Path(1, 20, 20, (("B2", 0, 20), ("C1", 20, None)))
"""A lorry driver whose heavy class ended with age."""

LIGHT_TRAILER: Final = Path(1, 20, 0, (("C1", 0, None),))
"""C1; C6 is added on a day after 2022-04-01."""

STATUSES: Final = (
    (9300, "A"), (310, "H"), (40, "I"), (60, "B"), (40, "D"), (90, "M"), (30, "S"), (20, "N"), (10, "P"), (10, "T"),
    (15, "U"), (10, "K"), (10, "J"), (10, "L"), (10, "G"), (5, "E"), (5, "F"), (10, "R"), (10, "C"), (5, "Z"),
)  # fmt: skip
STATUS_SETS: Final = ("BDJ", "HI", "BH", "DU", "MS", "HK", "BJ", "NS", "DHI", "BDHIJKLMNPRSTUZ"[:16])
"""Every letter is above; these are sets of several."""
