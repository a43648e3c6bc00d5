from django.core.management.color import no_style
from django.db import migrations

USERS = ((1, 'Alice', 30), (2, 'Bob', 25))


def add(apps, schema_editor):
    """Two users, open to everybody; the numbers after theirs are free for others."""
    connection = schema_editor.connection
    model = apps.get_model('examples', 'ExampleUser')
    users = model.objects.using(connection.alias)
    for number, name, age in USERS:
        users.get_or_create(id=number, defaults={'name': name, 'age': age})
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ('examples', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(add, migrations.RunPython.noop, elidable=False),
    ]
