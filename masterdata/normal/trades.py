"""Words of trade in company names, and the cut between brand word and trade."""

from __future__ import annotations

import re
from functools import cache

WORDS = """
科技 技术 信息 网络 软件 数据 智能 电子 电气 电器 电力 电缆 电机 电源 电池 电路 电梯 电信 通信 通讯 互联网 物联网 半导体 集成电路
微电子 光电 光学 光纤 激光 仪器 仪表 仪器仪表 传感 自动化 机器人 机械 机电 机床 设备 装备 模具 精密 五金 工具 工业 重工 制造 制品
汽车 汽配 零部件 配件 轴承 阀门 泵业 水泵 液压 气动 齿轮 铸造 锻造 钢铁 钢构 钢材 金属 铝业 铜业 不锈钢 有色金属 冶金 矿业 矿产 煤炭
石油 石化 化工 化学 化纤 塑料 塑胶 橡胶 涂料 油漆 树脂 高分子 新材料 材料 复合材料 建材 水泥 玻璃 陶瓷 石材 木业 家具 家居 家纺 纺织
服装 服饰 服饰品 针织 印染 皮革 皮具 鞋业 箱包 饰品 珠宝 首饰 钟表 眼镜 玩具 文具 文化 体育 体育用品 教育 培训 出版 印刷 印务 包装 纸业
造纸 传媒 广告 影视 影业 动漫 游戏 娱乐 艺术 设计 装饰 装潢 装修 工程 建筑 建设 建筑工程 建设工程 安装 市政 园林 绿化 景观 路桥 水利 水电
水务 环保 环境 环境工程 节能 新能源 能源 太阳能 风电 光伏 燃气 热力 热能 暖通 制冷 空调 净化 消防 安防 安全 检测 认证 计量 监理 测绘 勘察
地质 地产 房地产 置业 物业 物业管理 酒店 酒店管理 餐饮 餐饮管理 饮料 食品 粮油 粮食 调味品 乳业 肉类 水产 渔业 农业 农牧 牧业 畜牧 饲料 种业 林业
果业 茶业 茶叶 酒业 烟草 生物 生物科技 生物工程 医药 药业 制药 医疗 医疗器械 器械 健康 养老 美容 化妆品 日化 日用品 百货 商贸 贸易 进出口
国际贸易 实业 商业 商务 电子商务 电商 零售 连锁 超市 供应链 供应链管理 物流 货运 货运代理 运输 快递 仓储 航空 航运 船舶 港务 铁路 轨道交通
交通 旅游 旅行社 国际旅行社 咨询 管理咨询 管理 企业管理 企业服务 服务 人力资源 劳务 劳务派遣 财务 会计 会计师 税务师 律师 法律 知识产权 代理
投资 投资管理 资产 资产管理 资本 基金 基金管理 证券 期货 保险 保险经纪 银行 信托 租赁 融资租赁 担保 小额贷款 典当 拍卖 金融 金融服务 控股
发展 开发 经济 产业 企业 研究 创新 文化传播 文化传媒 信息技术 信息科技 网络科技 网络技术 智能科技 电子科技 计算机 计算机技术 系统 系统集成 软件开发
通用 国际 环球 加工 销售 经营 经贸 工贸 物资 物资供应 再生资源 资源 生态 照明 灯饰 灯具 厨具 厨卫 卫浴 洁具 门窗 门业 地板 涂装 表面处理 热处理
焊接 钣金 冲压 注塑 吹塑 线缆 电线电缆 电线 变压器 开关 继电器 连接器 接插件 元器件 显示 显示器 屏幕 摄影 摄像 音响 乐器 钢琴 自行车 摩托车
电动车 新能源汽车 客车 专用车 挂车 叉车 起重 起重机 工程机械 农机 农业机械 纺织机械 食品机械 包装机械 印刷机械 塑料机械 矿山机械 环保设备 制药设备
实验室 试剂 诊断 基因 疫苗 中药 中药材 保健品 营养 宠物 花卉 苗木 种苗 化肥 肥业 农药 粉体 颜料 染料 助剂 催化剂 气体 润滑油 油脂 香料 香精
文旅 旅业 会展 会议 展览 策划 营销 品牌管理 品牌 文创 创意 数码 数字 数字科技 云计算 大数据 人工智能 区块链 芯片 航天 航空航天 防务 军工 海洋 海运 船务
家政 保洁 保安 安保 停车 租车 汽车租赁 汽车销售 汽车服务 汽车贸易 维修 修理 测控 控制 过滤 分离 输送 起动 传动 紧固件 标准件 弹簧 链条 密封 密封件
""".split()
"""Written from general knowledge of how companies are named; no list of any data set went in."""
_LONGEST = max(map(len, WORDS))
_AND = re.compile(r"(?:与|和|及|暨)$")


@cache
def _set() -> frozenset[str]:
    return frozenset(WORDS)


def split(text: str) -> tuple[str, str]:
    """(brand word, trade): known words of trade are taken off the end while a brand word of two characters is left."""
    end = len(text)
    words = _set()
    while end > 2:
        for size in range(min(_LONGEST, end - 2), 1, -1):
            if text[end - size : end] in words:
                end -= size
                break
        else:
            joined = _AND.search(text[:end])
            if joined is None or end == len(text) or joined.start() < 2:
                break
            end = joined.start()
    return text[:end], text[end:]


def known(text: str) -> bool:
    """Whether a text is made of words of trade only."""
    words = _set()
    end = len(text)
    while end > 0:
        for size in range(min(_LONGEST, end), 1, -1):
            if text[end - size : end] in words:
                end -= size
                break
        else:
            return False
    return bool(text)
