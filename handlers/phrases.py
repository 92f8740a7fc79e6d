"""Every canned sentence that residents read, in one place.

Wording follows spec §6.1 and §6.4: plain, neutral, no promise, no prediction. Numbers are never
written here: they come from ``knowledge/hotlines.toml``.
"""

from __future__ import annotations

from knowledge.articles import Status

NOTICE = "本回答为普法信息，不构成法律意见，个案请咨询12348或律师；条文以官方公布文本为准。"
LIMITS = (
    "法律库收录宪法、法律和立法解释（最新一部公布于{day}）；"
    "行政法规、司法解释和地方性法规，除本地导入的以外没有收录。"
)

ANSWER_LEAD = "和您的问题最相关的法律条文："
UNSURE_LEAD = "不能确定这些条文就是您要的，请您看看是否相关，也可以换个说法、多说点情况再问："
LOOKUP_LEAD = "您查的条文："
URGENT_ARTICLES = "法律是这样规定的："

DECLINED = (
    "没有在收录的法律里找到能回答这个问题的条文，不敢随便回答。\n"
    "如果是法律方面的事，请换个说法、说清楚谁对谁做了什么再问一次，"
    "或者拨打12348公共法律服务热线（免费咨询）。"
)
EMPTY = "没有看到文字。请用一两句话说说您遇到的事，比如：网购的衣服不喜欢能退吗？"
TOO_LONG = "只读了前2000个字。后面还有要紧的情况，请分开再发一次。"
EXPIRED = "这个按钮对应的内容已经更新，请把问题再发一次。"
FEEDBACK_GOOD = "谢谢！您的反馈只记次数，不记姓名。"
FEEDBACK_BAD = "谢谢提醒，已经记下。您可以换个说法再问，或者拨打12348，由法律服务人员解答。"
NO_MORE = "没有更多相关的条文了。换个说法再问，或者拨打12348咨询。"

SMALLTALK = (
    "您好，我是普法问答机器人，只做一件事：帮您找到法律原文。\n"
    "您可以直接说遇到的事，比如：押金不退怎么办？也可以查条文，比如：消法第五十五条。\n"
    "遇到正在发生的诈骗或危险，请直接打110；拿不准是不是诈骗，打96110。"
)
THANKS = "不客气。还有法律上的事随时问我；需要和人谈，请拨打12348。"
MENU = (
    "您好，这里是{county}普法问答机器人。\n"
    "把遇到的事用平常话发给我，我会找出相关的法律条文，一字不改地给您看，并告诉您找哪个单位、打哪个电话。\n"
    "例如：\n"
    "· 网购的羽绒服不喜欢，商家说特价不退，合法吗\n"
    "· 有人让我把钱转到安全账户\n"
    "· 宪法第三十八条\n"
    "正在被骗、遇到危险：先打110；拿不准是不是诈骗：打96110。\n"
    "隐私：不需要您的姓名、电话、身份证号、卡号，也请不要发给我；问题原文回答后即删除，只记录主题和次数。"
)

REFUSED = {
    "people": (
        "查别人的身份、住址、行踪、聊天或通话记录，我不能帮忙，私下去查也可能违法。\n"
        "有纠纷需要对方信息的，可以由法院、公安机关依法调取；怎么走程序请打12348。"
    ),
    "evade": (
        "躲避公安、银行的检查和管控，我不能帮忙；那样做往往会把事情变得更重。\n"
        "账户被限制的，可以带身份证到银行网点和公安机关说明情况、申请核查；"
        "已经卷进去的，主动说明、配合调查对自己最有利。具体怎么办请打12348。"
    ),
    "promise": (
        "案子的结果谁也不能打包票，我不能预测输赢或者保证要回多少钱。\n"
        "我可以给您找法律条文；个案怎么打算，请打12348或者找律师当面谈。"
    ),
    "threat": (
        "恐吓、骚扰对方的话我不能帮着写，那样可能反过来违法。\n"
        "想讨说法，可以留好证据，走协商、调解、投诉或起诉；怎么走请打12348。"
    ),
}

# a claim of law beside the statutes held; never "that is true" of what they do not say
CLAIM_MATCHES = "核对结果：您转来的话与法律原文一致。"
CLAIM_OTHER_PART = "核对结果：这些话在这一条里，但不在您说的那一款、那一项。"
CLAIM_DIFFERS = (
    "核对结果：与法律原文不一致。下面用【】标出和原文不同的地方：\n"
    "“{marked}”\n请以原文为准，不要转发。"
)
CLAIM_NOT_THERE = "核对结果：这一条里没有“{words}”这样的话，不能当作这条的规定。"
CLAIM_NO_ARTICLE = "核对结果：{why}\n查不到的条文不要相信、不要转发；拿不准请打12348。"
CLAIM_ELSEWHERE = "这些话出现在下面的条文里："
CLAIM_NOT_LAW = {
    Status.REPEALED: "核对结果：这是已经废止的规定，现在不能再用。{why}",
    Status.HISTORICAL: "核对结果：这是旧文本，现在不再适用。{why}",
    Status.NOT_YET_IN_FORCE: "核对结果：这条规定还没有施行，现在不能适用。{why}",
}
CLAIM_FOUND = "核对结果：这些话是法律原文，出处如下。"
CLAIM_FOUND_OLD = "核对结果：这些话出自已经不再适用的文本，现在不能当作规定。"
CLAIM_NOT_FOUND = (
    "核对结果：在收录的法律里没有查到这样的规定，不能当真，也请先不要转发。\n"
    "库里只有法律原文，没有行政法规和地方文件；要弄清楚请打12348，或者看政府网站的正式公告。"
)
CLAIM_NOT_VERBATIM = (
    "核对结果：这句话不是法律原文，库里查不到一字不差的规定，我不能替您认定真假；拿不准请打12348。"
)
CLAIM_NEAR = "下面是意思最接近的条文，请对照原文，它不等于证实了那句话："
CLAIM_TEXT = "原文是："

WHOM = "找谁：{organ}；可以打：{calls}"

# one question back, and follow-ups
WHICH = "您说的是哪一种情况？点一个，或者回复再说清楚一点（谁对谁做了什么）："
WHICH_TAIL = "都不是的话，换个说法再问，或者打12348。"
SHOW_LAW = "先看可能相关的条文"
WHOLE_ARTICLE = "以下是全条："
PART = "《{law}》{number}{part}："
NO_NEIGHBOUR = "《{law}》到头了，没有这一条。"
NO_SUCH = "《{law}》没有{number}。"
WHEN = "上面的条文出自这些文本："
WHERE = "这件事由{organ}负责，可以当面去反映、投诉，也可以打电话："

ISSUES = "您说的有{count}件事，分开看："
ISSUE = "{place}. {topic}（“{told}”）：看《{law}》{number}；找{organ}，打{calls}。"
ISSUES_LAW = "依次是这几条原文；想细问哪一件，请单独再发一次："
