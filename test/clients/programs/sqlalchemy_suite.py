"""The tests of SQLAlchemy, over mysqlclient and PyMySQL: `sqlalchemy_suite.py mysqldb|pymysql`."""

import datetime
import decimal
import os
import sys
import traceback

from sqlalchemy import (BigInteger, Boolean, Column, Date, DateTime, Enum, Float, ForeignKey, Index,
                        Integer, JSON, LargeBinary, MetaData, Numeric, String, Table, Text, Time,
                        UniqueConstraint, create_engine, event, exc, func, inspect, select, text,
                        update, delete, insert)
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.orm import Session, declarative_base, relationship, selectinload
from sqlalchemy.pool import QueuePool

Base = declarative_base()
URL = 'mysql+{}://{CLIENT_USER}:{CLIENT_PASSWORD}@{CLIENT_HOST}:{CLIENT_PORT}/{CLIENT_DATABASE}'.format(
    sys.argv[1], **os.environ) + '?charset=utf8mb4'
tests = []


class Author(Base):
    __tablename__ = 'author'
    id = Column(Integer, primary_key=True)
    name = Column(String(50), nullable=False, unique=True)
    born = Column(Date)
    books = relationship('Book', back_populates='author', cascade='all, delete-orphan')


class Book(Base):
    __tablename__ = 'book'
    id = Column(BigInteger, primary_key=True)
    title = Column(String(100), nullable=False)
    price = Column(Numeric(10, 2))
    version = Column(Integer, nullable=False)
    author_id = Column(ForeignKey('author.id'), nullable=False, index=True)
    author = relationship('Author', back_populates='books')
    __mapper_args__ = {'version_id_col': version}


class Kinds(Base):
    __tablename__ = 'kinds'
    id = Column(Integer, primary_key=True)
    flag = Column(Boolean)
    number = Column(Float)
    amount = Column(Numeric(20, 5))
    at = Column(DateTime)
    day = Column(Date)
    moment = Column(Time)
    blob = Column(LargeBinary)
    body = Column(Text)
    colour = Column(Enum('red', 'green'))
    data = Column(JSON)


def test(function):
    tests.append(function)
    return function


def equal(found, expected):
    if found != expected:
        raise AssertionError(f'{found!r:.300} is not {expected!r:.300}')


def fails(kind, number, action):
    try:
        action()
    except kind as error:
        equal(error.orig.args[0], number)
        return
    raise AssertionError(f'no {kind.__name__}')


@test
def create_and_reflect(engine):
    Base.metadata.create_all(engine)
    Base.metadata.create_all(engine)
    found = inspect(engine)
    equal(sorted(found.get_table_names()), ['author', 'book', 'kinds'])
    equal([c['name'] for c in found.get_columns('book')], ['id', 'title', 'price', 'version', 'author_id'])
    equal(found.get_foreign_keys('book')[0]['referred_table'], 'author')
    equal(found.get_pk_constraint('book')['constrained_columns'], ['id'])
    equal(found.get_unique_constraints('author')[0]['column_names'], ['name'])
    equal(found.get_indexes('book')[0]['column_names'], ['author_id'])
    equal(sorted(MetaData(bind=None).tables), [])
    mirror = MetaData()
    mirror.reflect(engine)
    equal(sorted(mirror.tables), ['author', 'book', 'kinds'])


@test
def unit_of_work(engine):
    with Session(engine) as session:
        ann = Author(name='Ann é☃😀', born=datetime.date(1970, 2, 3))
        ann.books = [Book(title=f'Book {n}', price=decimal.Decimal('9.95')) for n in range(50)]
        session.add(ann)
        session.commit()
        equal(ann.id, 1)
        equal([book.id for book in ann.books], list(range(1, 51)))
    with Session(engine) as session:
        ann = session.scalars(select(Author).options(selectinload(Author.books))).one()
        equal(ann.name, 'Ann é☃😀')
        equal(sum(book.price for book in ann.books), decimal.Decimal('497.50'))
        ann.books[0].title = 'Changed'
        ann.books.pop()
        session.commit()
        equal(session.scalar(select(func.count()).select_from(Book)), 49)
        equal(session.get(Book, 1).version, 2)


@test
def stale_version(engine):
    with Session(engine) as one, Session(engine) as two:
        first, second = one.get(Book, 2), two.get(Book, 2)
        first.title = 'One'
        second.title = 'Two'
        one.commit()
        try:
            two.commit()
        except (exc.OperationalError, exc.InvalidRequestError):
            raise
        except Exception as error:
            equal(type(error).__name__, 'StaleDataError')
        else:
            raise AssertionError('both were taken')


@test
def rolled_back(engine):
    with Session(engine) as session:
        session.add(Author(name='Nobody'))
        session.flush()
        with session.begin_nested():
            session.add(Author(name='Nested'))
        try:
            with session.begin_nested():
                session.add(Author(name='Nobody'))
                session.flush()
        except exc.IntegrityError as error:
            equal(error.orig.args[0], 1062)
        equal(session.scalar(select(func.count()).select_from(Author)), 3)
        session.rollback()
        equal(session.scalar(select(func.count()).select_from(Author)), 1)


@test
def every_kind(engine):
    values = dict(flag=True, number=0.1, amount=decimal.Decimal('-12345.67890'),
                  at=datetime.datetime(2024, 2, 29, 1, 2, 3), day=datetime.date(2024, 2, 29),
                  moment=datetime.time(23, 59, 59), blob=bytes(range(256)), body='x' * 50000,
                  colour='green', data={'a': [1, None, 'é']})
    with Session(engine) as session:
        session.add(Kinds(**values))
        session.add(Kinds())
        session.commit()
        session.expire_all()
        full, empty = session.scalars(select(Kinds).order_by(Kinds.id)).all()
        for name, value in values.items():
            found = getattr(full, name)
            equal(round(found, 6) if name == 'number' else found, value)
            equal(getattr(empty, name), None)
        equal(session.scalar(select(Kinds.id).where(Kinds.data['a'][0].as_integer() == 1)), 1)


@test
def errors(engine):
    with engine.connect() as c:
        fails(exc.ProgrammingError, 1146, lambda: c.execute(text('SELECT * FROM missing')))
        c.rollback() if hasattr(c, 'rollback') else None
    with engine.begin() as c:
        fails(exc.IntegrityError, 1452, lambda: c.execute(insert(Book).values(title='x', version=1, author_id=99)))
        fails(exc.DataError, 1406, lambda: c.execute(insert(Author).values(name='x' * 60)))


@test
def upsert(engine):
    with engine.begin() as c:
        for n in (1, 2):
            statement = mysql_insert(Author).values(name='Upserted', born=datetime.date(2000, 1, n))
            c.execute(statement.on_duplicate_key_update(born=statement.inserted.born))
        equal(c.scalar(select(Author.born).where(Author.name == 'Upserted')), datetime.date(2000, 1, 2))


@test
def bulk(engine):
    with engine.begin() as c:
        c.execute(insert(Author), [{'name': f'Author {n}'} for n in range(2000)])
        equal(c.scalar(select(func.count()).select_from(Author)), 2002)
        equal(c.execute(update(Author).where(Author.name.like('Author 1%')).values(born=datetime.date(1999, 9, 9))).rowcount, 1111)
        equal(c.execute(delete(Author).where(Author.name.like('Author %'))).rowcount, 2000)


@test
def stream(engine):
    with engine.connect() as c:
        rows = c.execution_options(stream_results=True).execute(text(
            'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n'))
        equal(sum(row[0] for row in rows), 405450)


@test
def isolation(engine):
    for level in ('SERIALIZABLE', 'REPEATABLE READ'):
        with engine.connect().execution_options(isolation_level=level) as c:
            equal(c.get_isolation_level(), level)
    with engine.connect().execution_options(isolation_level='AUTOCOMMIT') as c:
        c.execute(text("INSERT INTO author (name) VALUES ('auto')"))
    with engine.connect() as c:
        equal(c.scalar(text("SELECT COUNT(*) FROM author WHERE name = 'auto'")), 1)


@test
def read_committed(engine):
    with engine.connect().execution_options(isolation_level='READ COMMITTED') as c:
        equal(c.get_isolation_level(), 'READ COMMITTED')


@test
def for_update(engine):
    with Session(engine) as one, Session(engine) as two:
        one.execute(select(Author).where(Author.id == 1).with_for_update()).all()
        fails(exc.OperationalError, 3572 if os.environ['CLIENT_ENGINE'] == 'mysql' else 1205,
              lambda: two.execute(select(Author).where(Author.id == 1).with_for_update(nowait=True)).all())


@test
def pool(engine):
    pooled = create_engine(URL, poolclass=QueuePool, pool_size=3, pool_pre_ping=True, pool_recycle=1)
    for n in range(30):
        with pooled.connect() as c:
            equal(c.scalar(text('SELECT :n'), {'n': n}), n)
    with pooled.connect() as c:
        number = c.scalar(text('SELECT CONNECTION_ID()'))
    with engine.connect() as c:
        c.execute(text(f'KILL {number}'))
    with pooled.connect() as c:
        equal(c.scalar(text('SELECT 1')), 1)
    pooled.dispose()


@test
def definitions(engine):
    metadata = MetaData()
    Table('defined', metadata, Column('a', Integer, primary_key=True), Column('b', String(20)),
          UniqueConstraint('b', name='unique_b'), Index('ab', 'a', 'b'), mysql_engine='InnoDB',
          mysql_charset='latin1', comment="it's a comment")
    metadata.create_all(engine)
    equal(inspect(engine).get_table_comment('defined')['text'], "it's a comment")
    equal(inspect(engine).get_table_options('defined')['mysql_default charset'], 'latin1')
    with engine.begin() as c:
        c.execute(text('CREATE VIEW seen AS SELECT a FROM defined'))
    equal(inspect(engine).get_view_names(), ['seen'])
    with engine.begin() as c:
        c.execute(text('DROP VIEW seen'))
    metadata.drop_all(engine)
    Base.metadata.drop_all(engine)
    equal(inspect(engine).get_table_names(), [])


def main():
    engine = create_engine(URL, future=True)
    for function in tests:
        try:
            function(engine)
            print(f'ok {function.__name__}', flush=True)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)
            line = next((frame.lineno for frame in reversed(where) if frame.filename == __file__), 0)
            reason = f'{type(error).__name__} {error}'.replace('\n', '\n  ')
            print(f'not ok {function.__name__}: line {line}: {reason}', flush=True)


main()
